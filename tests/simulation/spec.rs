//! Specs as people write them, drawn and changed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::draw::Draw;

/// The app of every stack that is judged.
pub(crate) const APP: &str = "notes";
pub(crate) const REGION: &str = "ap-southeast-2";
/// The domain names are in the zone the sandbox begins with.
const NAMES: [&str; 2] = ["notes.example.com", "www.notes.example.com"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) app: String,
    pub(crate) services: BTreeMap<String, Service>,
    pub(crate) tags: bool,
    pub(crate) idle: Option<u32>,
    pub(crate) private: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the spec")]
pub(crate) struct Service {
    pub(crate) image: String,
    /// `None` is a worker.
    pub(crate) port: Option<u16>,
    pub(crate) health: String,
    pub(crate) path: Option<String>,
    /// How many of the domain names it has.
    pub(crate) names: usize,
    pub(crate) count: u32,
    pub(crate) env: Option<String>,
    pub(crate) secret: bool,
    pub(crate) big: bool,
    pub(crate) retain: Option<u32>,
    pub(crate) drain: Option<u32>,
    pub(crate) interval: Option<u32>,
    pub(crate) exec: bool,
    pub(crate) permissions: bool,
}

impl Service {
    fn draw(draw: &mut Draw, name: &str) -> Self {
        let worker = name == "worker";
        Self {
            image: draw.pick(&["v1", "v2"]).to_string(),
            port: (!worker).then(|| *draw.pick(&[3000, 8080])),
            health: draw.pick(&["/health", "/"]).to_string(),
            path: (name != "web" && !worker).then(|| format!("/{name}/*")),
            names: 0,
            count: *draw.pick(&[1, 1, 2, 3]),
            env: draw.chance(50).then(|| "info".to_owned()),
            secret: draw.chance(30),
            big: draw.chance(20),
            retain: draw.chance(30).then_some(30),
            drain: draw.chance(40).then(|| *draw.pick(&[5, 60])),
            interval: draw.chance(30).then_some(10),
            exec: draw.chance(20),
            permissions: draw.chance(20),
        }
    }
}

impl Spec {
    pub(crate) fn draw(draw: &mut Draw) -> Self {
        let mut names = vec![if draw.chance(92) { "web" } else { "worker" }];
        if draw.chance(35) {
            names.push("api");
        }
        if draw.chance(20) {
            names.push("worker");
        }
        names.dedup();
        let mut services: BTreeMap<String, Service> =
            names.iter().map(|name| ((*name).to_owned(), Service::draw(draw, name))).collect();
        if let Some(web) = services.get_mut("web") {
            web.names = usize::from(draw.chance(30));
        }
        let mut spec = Self {
            app: APP.to_owned(),
            services,
            tags: draw.chance(30),
            idle: draw.chance(30).then_some(120),
            private: draw.chance(25),
        };
        spec.repair();
        spec
    }

    /// Makes it a spec that can be: without `web`, `api` is the one that takes what is left over.
    fn repair(&mut self) {
        let web = self.services.contains_key("web");
        if let Some(api) = self.services.get_mut("api") {
            api.path = web.then(|| "/api/*".to_owned());
        }
    }

    /// Changes one to three things.
    pub(crate) fn change(&self, draw: &mut Draw) -> Self {
        let mut spec = self.clone();
        for _ in 0..=draw.below(3) {
            spec.change_once(draw);
        }
        spec.repair();
        spec
    }

    fn change_once(&mut self, draw: &mut Draw) {
        match draw.below(10) {
            0 => self.tags = !self.tags,
            1 => self.idle = if self.idle.is_some() { None } else { Some(90) },
            2 => {
                let name = *draw.pick(&["api", "worker"]);
                if self.services.remove(name).is_none() || self.services.is_empty() {
                    self.services.insert(name.to_owned(), Service::draw(draw, name));
                }
            }
            3 => {
                if let Some(web) = self.services.get_mut("web") {
                    web.names = (web.names + 1 + usize::try_from(draw.below(2)).unwrap_or(0)) % 3;
                }
            }
            _ => {
                let names: Vec<String> = self.services.keys().cloned().collect();
                let name = draw.pick(&names).clone();
                if let Some(service) = self.services.get_mut(&name) {
                    service.change(draw);
                }
            }
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!("version: 1\napp: {}\nregion: {REGION}\n", self.app);
        if self.tags {
            text.push_str("tags: { team: notes }\n");
        }
        if self.private {
            text.push_str("network: { vpc: \"tag:Name=main\" }\n");
        }
        if let Some(idle) = self.idle {
            writeln!(text, "balancer: {{ idle_timeout: {idle}s }}").unwrap();
        }
        text.push_str("services:\n");
        for (name, service) in &self.services {
            writeln!(text, "  {name}:").unwrap();
            for line in service.lines() {
                writeln!(text, "    {line}").unwrap();
            }
        }
        text
    }
}

impl Service {
    fn change(&mut self, draw: &mut Draw) {
        let other = |now: Option<u32>, value: u32| (now != Some(value)).then_some(value);
        match draw.below(12) {
            0..=2 => if self.image == "v1" { "v2" } else { "v1" }.clone_into(&mut self.image),
            3 => self.port = self.port.map(|port| if port == 3000 { 8080 } else { 3000 }),
            4 => if self.health == "/" { "/health" } else { "/" }.clone_into(&mut self.health),
            5 => self.count = self.count % 3 + 1,
            6 => self.retain = other(self.retain, 7),
            7 => self.drain = other(self.drain, 20),
            8 => self.env = if self.env.is_some() { None } else { Some("warn".to_owned()) },
            9 => self.secret = !self.secret,
            10 => self.interval = other(self.interval, 15),
            _ => {
                self.exec = !self.exec;
                self.permissions = !self.permissions;
                self.big = !self.big;
            }
        }
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("image: {{ tag: {} }}", self.image)];
        if let Some(port) = self.port {
            lines.push(format!("port: {port}"));
            let interval = self.interval.map_or(String::new(), |it| format!(", interval: {it}s"));
            lines.push(format!("health: {{ path: {}{interval} }}", self.health));
            if self.names > 0 {
                lines.push(format!("domain: {{ names: [{}] }}", NAMES[..self.names].join(", ")));
            }
            if let Some(path) = &self.path {
                lines.push(format!("route: {{ path: {path} }}"));
            }
        }
        lines.push(format!("scale: {}", self.count));
        if let Some(level) = &self.env {
            lines.push(format!("env: {{ LOG_LEVEL: {level} }}"));
        }
        if self.secret {
            lines.push("secrets: { DATABASE_URL: \"ssm:/notes/canary\" }".to_owned());
        }
        if self.big {
            lines.push("cpu: 0.5".to_owned());
            lines.push("memory: 1GB".to_owned());
        }
        if let Some(days) = self.retain {
            lines.push(format!("logs: {{ retain: {days}d }}"));
        }
        if let Some(seconds) = self.drain.filter(|_| self.port.is_some()) {
            lines.push(format!("deploy: {{ drain: {seconds}s }}"));
        }
        if self.exec {
            lines.push("exec: true".to_owned());
        }
        if self.permissions {
            let arn = "arn:aws:s3:::notes-files/*";
            lines.push(format!("permissions: [{{ allow: [\"s3:GetObject\"], on: [\"{arn}\"] }}]"));
        }
        lines
    }
}

impl Spec {
    /// One service, for a stack that only stands beside the one that is judged.
    pub(crate) fn small() -> Self {
        let mut draw = Draw::new(0);
        let mut web = Service::draw(&mut draw, "web");
        "v1".clone_into(&mut web.image);
        (web.secret, web.names, web.count) = (false, 0, 1);
        let services = BTreeMap::from([("web".to_owned(), web)]);
        Self { app: APP.to_owned(), services, tags: false, idle: None, private: false }
    }
}
