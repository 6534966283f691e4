//! Files that are written atomically: a file is complete, or it is not there.

use crate::error::error;
use autodiff::{Error, ErrorKind, Result};
use std::collections::hash_map::RandomState;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes `bytes` to a new file beside `path`, waits until they are on the disk, and renames it to `path`. If the
/// process is killed meanwhile, `path` is the old file or the new one; a file `.NAME.….tmp` may remain.
#[track_caller]
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    match replace(path, bytes) {
        Ok(()) => Ok(()),
        Err(cause) => Err(failed("save", path, &cause)),
    }
}

/// The bytes of a file.
#[track_caller]
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    // A device may never end.
    let bytes = match fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(io::Error::other("it is no file")),
        Ok(_) => fs::read(path),
        Err(cause) => Err(cause),
    };
    match bytes {
        Ok(bytes) => Ok(bytes),
        Err(cause) => Err(failed("load", path, &cause)),
    }
}

/// The error of `operation` on the file at `path`, at the caller's line.
#[track_caller]
pub(super) fn failed(operation: &str, path: &Path, cause: &dyn std::fmt::Display) -> Error {
    error(ErrorKind::File, operation, format!("`{}`: {cause}", path.display()))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What a link points to is replaced, not the link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (mut file, beside) = new_beside(&path)?;
    let written = fill(&mut file, &path, bytes).and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        // The first error is the one to tell.
        _ = fs::remove_file(&beside);
    }
    written?;
    sync_folder(&path)
}

fn fill(file: &mut File, path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Ok(before) = fs::metadata(path) {
        file.set_permissions(before.permissions())?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

/// A new, empty file in the folder of `path`. Its name is random, so that two who save at the same time have a file
/// each.
fn new_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let name = path.file_name().ok_or_else(|| io::Error::other("it names no file"))?.to_string_lossy();
    loop {
        // The standard library seeds each of these anew.
        let random = RandomState::new().build_hasher().finish();
        let beside = path.with_file_name(format!(".{name}.{random:016x}.tmp"));
        match OpenOptions::new().write(true).create_new(true).open(&beside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            file => return Ok((file?, beside)),
        }
    }
}

/// Waits until the new name is on the disk, too.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
