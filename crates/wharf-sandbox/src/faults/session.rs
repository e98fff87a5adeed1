//! The life of one calling process, as a simulation sees it.

use tokio::sync::watch;

use super::Broken;

/// One caller of the sandbox, which may die and come back.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: u64,
    life: watch::Sender<Life>,
    deaths: watch::Sender<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Alive,
    Dead,
}

impl Session {
    pub(crate) fn new(id: u64) -> Self {
        Self { id, life: watch::Sender::new(Life::Alive), deaths: watch::Sender::new(0) }
    }

    /// Fails if the session is dead.
    pub(crate) fn check(&self) -> Result<(), Broken> {
        if self.is_dead() { Err(Broken::Dead) } else { Ok(()) }
    }

    pub(crate) fn is_dead(&self) -> bool {
        *self.life.borrow() == Life::Dead
    }

    pub(crate) fn die(&self) -> Broken {
        self.life.send_replace(Life::Dead);
        self.deaths.send_modify(|deaths| *deaths += 1);
        Broken::Dead
    }

    pub(crate) fn revive(&self) {
        self.life.send_replace(Life::Alive);
    }

    pub(crate) fn deaths(&self) -> watch::Receiver<u64> {
        self.deaths.subscribe()
    }

    /// Waits until the session is dead.
    pub(crate) async fn died(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let mut life = self.life.subscribe();
        drop(life.wait_for(|life| *life == Life::Dead).await);
    }
}
