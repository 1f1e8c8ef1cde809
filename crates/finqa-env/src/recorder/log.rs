//! A file that grows by whole records.

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
    /// A part of what was in the buffer is written, the rest of it is still there.
    is_torn: bool,
}

impl Appender {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: File::options().append(true).create_new(true).open(path)?,
            buffer: Vec::new(),
            is_torn: false,
        })
    }

    /// Drops what the buffer holds, unless a part of it is written; whether it could.
    pub(super) fn withdraw(&mut self) -> bool {
        let is_whole = !self.is_torn;
        if is_whole {
            self.buffer.clear();
        }
        is_whole
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
        self.is_torn = !self.buffer.is_empty() && (self.is_torn || written > 0);
        result
    }
}

/// The log of one worker.
pub(crate) struct Log {
    pub(super) appender: Appender,
    texts: Texts,
    /// Members of the record under way that come after its new texts.
    body: Vec<u8>,
    /// Its texts that are not new ones of the file's.
    own: Vec<u8>,
}

impl Log {
    pub(super) fn new(appender: Appender) -> Self {
        Self {
            appender,
            texts: Texts::default(),
            body: Vec::new(),
            own: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, ctx: &Context, episode: &Episode, extra: &Extra<'_>) {
        let out = &mut self.appender.buffer;
        line::begin(out, episode, &mut self.texts);
        let mut texts = self.texts.of_record(&mut self.own);
        line::body(&mut self.body, ctx, episode, extra, &mut texts);
        // What they refer to stands before the members that do.
        self.texts.write_lengths(out);
        out.append(&mut self.body);
        self.texts.write_new(out);
        out.append(&mut self.own);
        out.push(b'\n');
    }
}
