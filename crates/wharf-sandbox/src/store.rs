//! A world kept in a directory that several processes may share.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use crate::{clock, error::SandboxError, world::World};

const WORLD: &str = "world.json";
const LOCK: &str = "lock";
/// How the names of files begin that are not yet the world.
const UNFINISHED: &str = "unfinished-";

/// The directory of a world.
#[derive(Debug)]
pub(crate) struct Store {
    dir: PathBuf,
}

/// The exclusive right to a directory's world, until dropped.
#[derive(Debug)]
pub(crate) struct Held {
    file: File,
    dir: PathBuf,
}

impl Store {
    /// Uses a directory, which is made if it is absent.
    pub(crate) fn new(dir: &Path) -> Result<Self, SandboxError> {
        let store = Self { dir: dir.to_owned() };
        fs::create_dir_all(dir).map_err(|source| store.lock_error(source))?;
        Ok(store)
    }

    /// Returns the directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Waits for the exclusive right to the world.
    pub(crate) fn lock(&self) -> Result<Held, SandboxError> {
        let open = || {
            let path = self.dir.join(LOCK);
            let file =
                File::options().read(true).write(true).create(true).truncate(false).open(path)?;
            file.lock()?;
            Ok(file)
        };
        let file = open().map_err(|source| self.lock_error(source))?;
        Ok(Held { file, dir: self.dir.clone() })
    }

    fn lock_error(&self, source: io::Error) -> SandboxError {
        SandboxError::Lock { path: self.dir.clone(), source }
    }
}

impl Held {
    /// Returns the generation of the world in the directory, which the lock file holds; a file
    /// that says nothing sensible is generation 0.
    pub(crate) fn generation(&mut self) -> u64 {
        let mut text = String::new();
        let read = self.file.rewind().and_then(|()| self.file.read_to_string(&mut text));
        read.ok().and_then(|_| text.trim().parse().ok()).unwrap_or(0)
    }

    /// Reads the world; `None` if none was ever saved.
    pub(crate) fn load(&self) -> Result<Option<World>, SandboxError> {
        let path = self.dir.join(WORLD);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(SandboxError::Read { path, source }),
        };
        let world = serde_json::from_slice(&bytes)
            .map_err(|source| SandboxError::Format { path, source })?;
        Ok(Some(world))
    }

    /// Saves the world as its next generation, replacing the file at once or not at all.
    pub(crate) fn save(&mut self, world: &mut World) -> Result<(), SandboxError> {
        world.generation = self.generation().max(world.generation) + 1;
        world.saved_at = clock::wall_now();
        let path = self.dir.join(WORLD);
        self.replace(world, &path).map_err(|source| SandboxError::Save { path, source })
    }

    fn replace(&mut self, world: &World, path: &Path) -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&self.dir)?;
        file.write_all(&serde_json::to_vec(world)?)?;
        file.as_file().sync_all()?;
        // The number goes first: dying in between costs the others one needless reload, while the
        // other order would hide this save from them.
        self.set_generation(world.generation)?;
        file.persist(path)?;
        // The name is only as safe as the directory it stands in.
        #[cfg(unix)]
        File::open(&self.dir)?.sync_all()?;
        Ok(())
    }

    /// Removes what processes left that died while they saved.
    pub(crate) fn sweep(&self) {
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                // What stays takes up room and nothing else.
                drop(fs::remove_file(entry.path()));
            }
        }
    }

    /// Forgets the world; processes that have it in memory notice by the generation.
    pub(crate) fn clear(&mut self) -> Result<(), SandboxError> {
        let path = self.dir.join(WORLD);
        let next = self.generation() + 1;
        let mut clear = || {
            self.set_generation(next)?;
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        };
        clear().map_err(|source| SandboxError::Save { path: self.dir.join(WORLD), source })
    }

    fn set_generation(&mut self, generation: u64) -> io::Result<()> {
        self.file.rewind()?;
        self.file.set_len(0)?;
        write!(self.file, "{generation}")?;
        self.file.flush()
    }
}
