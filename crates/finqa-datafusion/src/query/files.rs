//! The only files that a query can reach: the episodes of its runs, for reading.
//!
//! DataFusion sees them as `runs:///run=NAME/FILE`; nothing else exists there, and no other store is registered.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path as FilePath;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::common::{DataFusionError, Result as DataFusionResult, plan_err};
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::object_store::local::LocalFileSystem;
use datafusion::object_store::path::Path;
use datafusion::object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    Result,
};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use url::Url;

/// Where the files seem to lie.
pub(super) const ROOT: &str = "runs:///";

/// Files of runs, read-only.
#[derive(Debug)]
pub(super) struct RunFiles {
    disk: LocalFileSystem,
    /// From the place under [`ROOT`] to that on disk.
    files: BTreeMap<Path, Path>,
}

impl RunFiles {
    /// No files yet.
    pub(super) fn new() -> Self {
        Self {
            disk: LocalFileSystem::new(),
            files: BTreeMap::new(),
        }
    }

    /// Adds a file of a run.
    pub(super) fn add(&mut self, run: &str, file: &FilePath) -> std::io::Result<()> {
        let real = file.canonicalize()?;
        let invalid =
            |e: datafusion::object_store::path::Error| std::io::Error::other(e.to_string());
        let number = self.files.len();
        let place =
            Path::parse(format!("run={}/{number}.parquet", encoded(run))).map_err(invalid)?;
        self.files
            .insert(place, Path::from_absolute_path(real).map_err(invalid)?);
        Ok(())
    }

    fn find(&self, place: &Path) -> Result<&Path> {
        self.files.get(place).ok_or_else(|| Error::NotFound {
            path: place.to_string(),
            source: "it is no file of the runs asked about".into(),
        })
    }

    async fn meta(&self, place: &Path, file: &Path) -> Result<ObjectMeta> {
        let mut meta = self.disk.head(file).await?;
        meta.location = place.clone();
        Ok(meta)
    }
}

impl fmt::Display for RunFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files of runs", self.files.len())
    }
}

fn read_only<T>(operation: &str) -> Result<T> {
    Err(Error::NotImplemented {
        operation: operation.to_string(),
        implementer: "the read-only files of runs".to_string(),
    })
}

#[async_trait]
impl ObjectStore for RunFiles {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        read_only("put")
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        read_only("put")
    }

    async fn get_opts(&self, place: &Path, options: GetOptions) -> Result<GetResult> {
        let mut result = self.disk.get_opts(self.find(place)?, options).await?;
        result.meta.location = place.clone();
        Ok(result)
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        stream::once(async { read_only("delete") }).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let prefix = prefix.cloned().unwrap_or_default();
        let found: Vec<(Path, Path)> = self
            .files
            .iter()
            .filter(|(place, _)| place.prefix_matches(&prefix))
            .map(|(place, file)| (place.clone(), file.clone()))
            .collect();
        let disk = LocalFileSystem::new();
        stream::iter(found)
            .then(move |(place, file)| {
                let disk = disk.clone();
                async move {
                    let mut meta = disk.head(&file).await?;
                    meta.location = place;
                    Ok(meta)
                }
            })
            .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let prefix = prefix.cloned().unwrap_or_default();
        let mut result = ListResult {
            common_prefixes: Vec::new(),
            objects: Vec::new(),
        };
        for (place, file) in &self.files {
            let Some(mut rest) = place.prefix_match(&prefix) else {
                continue;
            };
            match (rest.next(), rest.next()) {
                (Some(folder), Some(_)) => {
                    let folder = prefix.clone().join(folder);
                    if result.common_prefixes.last() != Some(&folder) {
                        result.common_prefixes.push(folder);
                    }
                }
                _ => result.objects.push(self.meta(place, file).await?),
            }
        }
        Ok(result)
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        read_only("copy")
    }
}

/// Percent-encodes what may mean something in a path. DataFusion decodes it.
fn encoded(run: &str) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for &byte in run.as_bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}"); // a String takes everything
        }
    }
    text
}

/// Knows one store, that of the runs.
#[derive(Debug)]
pub(super) struct OnlyRuns(pub(super) Arc<RunFiles>);

impl ObjectStoreRegistry for OnlyRuns {
    fn register_store(&self, _: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        Some(store) // never taken in
    }

    fn get_store(&self, url: &Url) -> DataFusionResult<Arc<dyn ObjectStore>, DataFusionError> {
        if url.scheme() == "runs" {
            return Ok(Arc::<RunFiles>::clone(&self.0));
        }
        plan_err!("{url} is not among the runs asked about")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_files_of_runs_can_be_read_and_none_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("episodes-1.parquet");
        std::fs::write(&file, b"abc").unwrap();
        std::fs::write(folder.path().join("secret"), b"xyz").unwrap();
        let mut files = RunFiles::new();
        files.add("a b/../%", &file).unwrap();
        let listed: Vec<_> = files.list(None).collect().await;
        let place = listed[0].as_ref().unwrap().location.clone();
        assert_eq!(place.as_ref(), "run=a%20b%2F%2E%2E%2F%25/0.parquet");
        let read = files.get(&place).await.unwrap().bytes().await.unwrap();
        assert_eq!(&read[..], b"abc");
        for other in ["secret", "etc/passwd", "run=a/../secret"] {
            let Ok(path) = Path::parse(other) else {
                continue;
            };
            assert!(files.get(&path).await.is_err(), "{other}");
        }
        assert!(files.put(&place, "new".into()).await.is_err());
        assert!(files.delete(&place).await.is_err());
        assert!(files.copy(&place, &Path::from("copy")).await.is_err());
        assert_eq!(std::fs::read(&file).unwrap(), b"abc");
    }

    #[test]
    fn no_other_store_is_known() {
        let registry = OnlyRuns(Arc::new(RunFiles::new()));
        for url in [
            "file:///etc/passwd",
            "s3://bucket/x",
            "http://example.org/x",
            "memory:///",
        ] {
            assert!(
                registry.get_store(&Url::parse(url).unwrap()).is_err(),
                "{url}"
            );
        }
        assert!(registry.get_store(&Url::parse(ROOT).unwrap()).is_ok());
    }
}
