//! Whether declared files are there, and are what they were when they were declared.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// What became of a declared file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// It is there, and its sum is what was declared, or none was.
    Sound,
    /// There is no such file, or what is there is no file.
    Missing {
        /// What was found instead, or why it could not be read.
        why: String,
    },
    /// It is there, but with another sum.
    Changed {
        /// Its SHA-256 now, in lower-case hexadecimal.
        found: String,
    },
    /// It leads out of the package by a link.
    Outside,
}

/// Checks one declared path, which may be a glob: then at least one file must match, and a sum must be that of the only
/// match.
pub fn check(folder: &Path, path: &str, sha256: Option<&str>) -> FileState {
    let files = match find(folder, path) {
        Ok(files) => files,
        Err(why) => return FileState::Missing { why },
    };
    if let (Some(_), true) = (sha256, files.len() > 1) {
        let why = format!("{} files match, and `sha256` is that of one", files.len());
        return FileState::Missing { why };
    }
    let Ok(root) = folder.canonicalize() else {
        return FileState::Missing { why: "the package's folder cannot be read".to_owned() };
    };
    for file in files {
        match file.canonicalize() {
            Ok(real) if !real.starts_with(&root) => return FileState::Outside,
            Ok(real) if !real.is_file() => {
                return FileState::Missing { why: "it is not a regular file".to_owned() };
            }
            Ok(_) => {}
            Err(error) => return FileState::Missing { why: reason(&error) },
        }
        if let Some(expected) = sha256 {
            match sum(&file) {
                Ok(found) if found == expected => {}
                Ok(found) => return FileState::Changed { found },
                Err(error) => return FileState::Missing { why: reason(&error) },
            }
        }
    }
    FileState::Sound
}

/// The SHA-256 of a file in lower-case hexadecimal, read in pieces.
///
/// # Errors
///
/// What the system says where it cannot be read.
pub fn sum(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 64 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
    let digest = hasher.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The files a declared path means.
fn find(folder: &Path, path: &str) -> Result<Vec<PathBuf>, String> {
    if !path.contains(['*', '?', '[', '{']) {
        return Ok(vec![folder.join(path)]);
    }
    let glob = globset::GlobBuilder::new(path)
        .literal_separator(true)
        .build()
        .map_err(|error| format!("it is no glob: {}", error.kind()))?
        .compile_matcher();
    // Only the folder in front of the first special character is walked, and links are not followed.
    let fixed: PathBuf = Path::new(path)
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']))
        .collect();
    let mut found = Vec::new();
    let mut open = vec![folder.join(fixed)];
    let mut looked_at = 0_usize;
    while let Some(current) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&current) else {
            continue;
        };
        for entry in entries.flatten() {
            looked_at += 1;
            if looked_at > 100_000 {
                return Err("the glob looks through more than 100,000 files".to_owned());
            }
            let path = entry.path();
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                open.push(path);
            } else if path.strip_prefix(folder).is_ok_and(|relative| glob.is_match(relative)) {
                found.push(path);
            }
        }
    }
    found.sort();
    if found.is_empty() { Err("no file matches".to_owned()) } else { Ok(found) }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => crate::source::printable(&error.to_string()).into_owned(),
    }
}
