//! How a request gets to the sandbox and its answer back, and what may go wrong on the way.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use tokio::sync::watch;

use crate::{
    call_record::CallRecord,
    error::AwsError,
    faults::{After, Before, Broken, Call, Intercepting, Interceptor, Session, TIME_OUT, answers},
    sandbox::Sandbox,
    wire::{self, Incoming, Outcome},
};

impl Sandbox {
    /// Carries out one request. Every failure is an AWS-shaped response; a call that an
    /// interceptor broke is a plain 503.
    pub async fn call(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.try_call(request).await.unwrap_or_else(|broken| {
            let mut response = Response::new(Bytes::from(broken.to_string()));
            *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
            response
        })
    }

    /// Carries out one request, or reports that the connection broke.
    ///
    /// # Errors
    ///
    /// Fails if an interceptor says so, or if the session is dead.
    pub async fn try_call(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Broken> {
        self.session.check()?;
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
            self.session.check()?;
        }
        let incoming = match wire::parse(&request) {
            Ok(incoming) => incoming,
            Err(refused) => {
                let mut inner = self.lock();
                let (record, outcome) = inner.refuse(refused);
                inner.remember(record);
                return Ok(wire::render(outcome));
            }
        };
        if let Some(principal) = &self.principal {
            let mut inner = self.lock();
            if let Some(error) = inner.judge(principal, &incoming) {
                let (record, outcome) = inner.deny(&incoming, error);
                inner.remember(record);
                return Ok(wire::render(outcome));
            }
        }
        let intercepted = {
            let mut inner = self.lock();
            let now = inner.now();
            inner.intercepting.as_mut().map(|intercepting| {
                let call = intercepting.number(&incoming, self.session.id, now);
                (Arc::clone(&intercepting.by), call)
            })
        };
        if let Some((by, call)) = intercepted {
            return self.intercepted(&incoming, &*by, &call).await;
        }
        let mut inner = self.lock();
        let (record, outcome) = inner.carry_out(&incoming, false);
        inner.remember(record);
        drop(inner);
        Ok(wire::render(outcome))
    }

    async fn intercepted(
        &self,
        incoming: &Incoming,
        by: &dyn Interceptor,
        call: &Call<'_>,
    ) -> Result<Response<Bytes>, Broken> {
        if let Some(change) = by.change(call) {
            self.with_world(change);
        }
        let before = by.before(call);
        let mut fault = match before {
            Before::Pass => None,
            Before::Throttle => {
                return Ok(self.deny(incoming, answers::throttled(call.service), "throttle"));
            }
            Before::Conflict => match answers::conflict(call.service, call.operation) {
                Some(error) => return Ok(self.deny(incoming, error, "conflict")),
                None => None,
            },
            Before::ServerError => {
                return Ok(self.deny(
                    incoming,
                    answers::server_error(call.service),
                    "server error",
                ));
            }
            Before::Reset => return self.lose(incoming, "reset", Broken::Reset).await,
            Before::TimeOut => return self.lose(incoming, "time out", Broken::TimedOut).await,
            Before::Die => return self.lose(incoming, "death", Broken::Dead).await,
            Before::Delay(time) => {
                tokio::time::sleep(time).await;
                Some("delay")
            }
            Before::Stale => Some("stale"),
        };
        self.session.check()?;
        let (mut record, outcome) = self.lock().carry_out(incoming, before == Before::Stale);
        let after = by.after(call, &record);
        fault = match after {
            After::Deliver => record.fault.or(fault),
            After::ServerError => Some("server error after"),
            After::Lose => Some("reset after"),
            After::TimeOut => Some("time out after"),
            After::Die => Some("death after"),
        };
        record.fault = fault;
        self.deliver(call, after, record, outcome).await
    }

    async fn deliver(
        &self,
        call: &Call<'_>,
        after: After,
        mut record: CallRecord,
        mut outcome: Outcome,
    ) -> Result<Response<Bytes>, Broken> {
        let broken = match after {
            After::Deliver => None,
            After::ServerError => {
                let error = answers::server_error(call.service);
                record.status = error.status;
                (record.error, record.rule) = (Some(error.code.clone()), None);
                outcome.result = Err(error);
                None
            }
            After::Lose => Some(Broken::Reset),
            After::TimeOut => Some(Broken::TimedOut),
            After::Die => Some(Broken::Dead),
        };
        self.lock().remember(record);
        if let Some(broken) = broken {
            return Err(self.break_off(broken).await);
        }
        self.session.check()?;
        Ok(wire::render(outcome))
    }

    /// Answers a call with an error without carrying it out.
    fn deny(&self, call: &Incoming, error: AwsError, fault: &'static str) -> Response<Bytes> {
        let mut inner = self.lock();
        let (record, outcome) = inner.deny(call, error);
        inner.remember(CallRecord { fault: Some(fault), ..record });
        drop(inner);
        wire::render(outcome)
    }

    /// Breaks the connection of a call that was not carried out.
    async fn lose(
        &self,
        call: &Incoming,
        fault: &'static str,
        broken: Broken,
    ) -> Result<Response<Bytes>, Broken> {
        {
            let mut inner = self.lock();
            let (record, _) = inner.deny(call, answers::none());
            inner.remember(CallRecord { fault: Some(fault), error: None, ..record });
        }
        Err(self.break_off(broken).await)
    }

    async fn break_off(&self, broken: Broken) -> Broken {
        match broken {
            Broken::Reset => {}
            Broken::TimedOut => tokio::time::sleep(TIME_OUT).await,
            Broken::Dead => return self.session.die(),
        }
        broken
    }

    /// Puts an interceptor before every call of every session, in place of the one before; call
    /// numbers begin anew.
    pub fn intercept(&self, by: Arc<dyn Interceptor>) {
        self.lock().intercepting = Some(Intercepting::new(by));
    }

    /// Takes the interceptor away.
    pub fn stop_intercepting(&self) {
        self.lock().intercepting = None;
    }

    /// Returns a handle on the same account for another caller, who lives and dies by itself.
    /// Clones of a handle, and a server made from it, are of the same session.
    #[must_use]
    pub fn session(&self) -> Self {
        let id = {
            let mut inner = self.lock();
            inner.sessions += 1;
            inner.sessions
        };
        let session = Arc::new(Session::new(id));
        Self {
            inner: Arc::clone(&self.inner),
            latency: self.latency,
            session,
            principal: self.principal.clone(),
            blobs: Arc::clone(&self.blobs),
        }
    }

    /// Returns the number of this handle's session, as [`Call::session`] has it.
    pub fn session_id(&self) -> u64 {
        self.session.id
    }

    /// Ends this session: all its calls break until [`Sandbox::revive`].
    pub fn die(&self) {
        self.session.die();
    }

    /// Reports whether this session is dead.
    pub fn is_dead(&self) -> bool {
        self.session.is_dead()
    }

    /// Waits until this session is dead; at once if it is.
    pub async fn died(&self) {
        self.session.died().await;
    }

    /// Returns the number of deaths of this session, to be read or waited for.
    pub fn deaths(&self) -> watch::Receiver<u64> {
        self.session.deaths()
    }

    /// Lets a dead session call again, as a new process would.
    pub fn revive(&self) {
        self.session.revive();
    }
}
