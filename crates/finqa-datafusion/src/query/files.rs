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
use datafusion::object_store::memory::InMemory;
use datafusion::object_store::path::Path;
use datafusion::object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    Result,
};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _};
use url::Url;

/// Where the files seem to lie.
pub(super) const ROOT: &str = "runs:///";

/// Files of runs, read-only.
#[derive(Clone, Debug)]
pub(super) struct RunFiles {
    disk: LocalFileSystem,
    memory: Arc<InMemory>,
    /// From the place under [`ROOT`] to where it is.
    files: BTreeMap<Path, Place>,
}

#[derive(Clone, Debug)]
enum Place {
    /// A file, by its place on disk.
    Disk(Path),
    /// Bytes, kept under the same name.
    Memory,
}

impl RunFiles {
    /// No files yet.
    pub(super) fn new() -> Self {
        Self {
            disk: LocalFileSystem::new(),
            memory: Arc::new(InMemory::new()),
            files: BTreeMap::new(),
        }
    }

    /// Adds a file of a run.
    pub(super) fn add(&mut self, run: &str, file: &FilePath) -> std::io::Result<()> {
        let real = file.canonicalize()?;
        let real = Path::from_absolute_path(real).map_err(std::io::Error::other)?;
        self.place(run, Place::Disk(real)).map(|_| ())
    }

    /// Adds a file that is nowhere but in memory.
    pub(super) fn add_bytes(&mut self, run: &str, bytes: Vec<u8>) -> std::io::Result<()> {
        let place = self.place(run, Place::Memory)?;
        // Nothing of this waits: it is a map.
        let put = self.memory.put(&place, bytes.into()).now_or_never();
        match put {
            Some(Ok(_)) => Ok(()),
            Some(Err(e)) => Err(std::io::Error::other(e)),
            None => Err(std::io::Error::other("memory was not ready")),
        }
    }

    fn place(&mut self, run: &str, of: Place) -> std::io::Result<Path> {
        let place = format!("run={}/{}.parquet", encoded(run), self.files.len());
        let place = Path::parse(place).map_err(std::io::Error::other)?;
        self.files.insert(place.clone(), of);
        Ok(place)
    }

    fn find(&self, place: &Path) -> Result<&Place> {
        self.files.get(place).ok_or_else(|| Error::NotFound {
            path: place.to_string(),
            source: "it is no file of the runs asked about".into(),
        })
    }

    async fn meta(&self, place: &Path) -> Result<ObjectMeta> {
        let options = GetOptions::new().with_head(true);
        Ok(self.get_opts(place, options).await?.meta)
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
        let file = match self.find(place)? {
            Place::Disk(file) => file,
            Place::Memory => return self.memory.get_opts(place, options).await,
        };
        let mut result = self.disk.get_opts(file, options).await?;
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
        let places = self.files.keys();
        let found: Vec<Path> = places
            .filter(|place| place.prefix_matches(&prefix))
            .cloned()
            .collect();
        let files = self.clone();
        stream::iter(found)
            .then(move |place| {
                let files = files.clone();
                async move { files.meta(&place).await }
            })
            .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let prefix = prefix.cloned().unwrap_or_default();
        let mut result = ListResult {
            common_prefixes: Vec::new(),
            objects: Vec::new(),
        };
        for place in self.files.keys() {
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
                _ => result.objects.push(self.meta(place).await?),
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
