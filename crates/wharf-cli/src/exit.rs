//! Exit codes: one list, from which `wharf help exit-codes` is printed.

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Other,
    Changes,
    Usage,
    Denied,
    RolledBack,
    Partial,
    Stale,
    Held,
    TimedOut,
    StillDiffers,
    Refused,
    Waiting,
    Interrupted,
    /// What the container of `wharf run`, or the session of `wharf exec`, ended with.
    Container(u8),
}

impl Exit {
    /// Returns the number the process ends with.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Other => 1,
            Self::Changes => 2,
            Self::Usage => 3,
            Self::Denied => 4,
            Self::RolledBack => 5,
            Self::Partial => 6,
            Self::Stale => 7,
            Self::Held => 8,
            Self::TimedOut => 9,
            Self::StillDiffers => 10,
            Self::Refused => 11,
            Self::Waiting => 12,
            Self::Interrupted => 130,
            Self::Container(code) => code,
        }
    }
}

/// Every code with its meaning.
pub(crate) const MEANINGS: &[(Exit, &str)] = &[
    (Exit::Done, "done; for `plan`: a plan was made"),
    (Exit::Other, "an error not listed below; for `doctor`: something is broken"),
    (Exit::Changes, "changes exist (`plan --detailed-exitcode`, `drift`, `fmt --check`, `diff`)"),
    (Exit::Usage, "the spec, the flags or the usage are wrong"),
    (Exit::Denied, "credentials or permission; wrong account or region"),
    (Exit::RolledBack, "a rollout failed and was rolled back; the old release is live"),
    (Exit::Partial, "apply failed part way; it says what is done, failed and skipped"),
    (Exit::Stale, "the saved plan no longer matches the account"),
    (Exit::Held, "somebody else holds the lease"),
    (Exit::TimedOut, "the time budget is spent"),
    (Exit::StillDiffers, "apply finished, but a second plan still differs"),
    (Exit::Refused, "refused: needs consent, or a foreign object is in the way"),
    (Exit::Waiting, "converged as far as possible; waiting for something outside"),
    (Exit::Interrupted, "interrupted at a safe point"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_listed_once_in_order() {
        let codes: Vec<u8> = MEANINGS.iter().map(|(exit, _)| exit.code()).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
        assert_eq!(codes.len(), 14);
    }
}
