//! A file that grows by whole lines.

use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use crate::context::Context;
use crate::episode::Episode;

use super::line::{self, Extra};
use super::texts::Texts;

/// A file and the bytes that are to be appended to it.
pub(crate) struct Appender {
    file: File,
    pub(super) buffer: Vec<u8>,
}

impl Appender {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: File::options().append(true).create_new(true).open(path)?,
            buffer: Vec::new(),
        })
    }

    /// Writes the buffer, usually with one call. What could not be written stays in it.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let mut written = 0;
        let result = loop {
            if written == self.buffer.len() {
                break Ok(());
            }
            match self.file.write(&self.buffer[written..]) {
                Ok(0) => break Err(ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => break Err(e),
            }
        };
        self.buffer.drain(..written);
        result
    }
}

/// The log of one worker.
pub(crate) struct Log {
    pub(super) appender: Appender,
    texts: Texts,
    /// Members of the line under way that come after its texts.
    body: Vec<u8>,
}

impl Log {
    pub(super) fn new(appender: Appender) -> Self {
        Self {
            appender,
            texts: Texts::default(),
            body: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, ctx: &Context, episode: &Episode, extra: &Extra<'_>) {
        let out = &mut self.appender.buffer;
        self.body.clear();
        line::begin(out, episode, &mut self.texts);
        line::body(&mut self.body, ctx, episode, extra, &mut self.texts);
        // New texts stand before what refers to them.
        self.texts.take_new(out);
        out.extend_from_slice(&self.body);
    }
}
