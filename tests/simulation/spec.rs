//! Specs as people write them, drawn and changed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::draw::Draw;
use crate::ends::Ends;
use crate::features::{Features, Keys};

/// The app of every stack that is judged.
pub(crate) const APP: &str = "notes";
pub(crate) const REGION: &str = "ap-southeast-2";
/// The domain names are in the zone the sandbox begins with.
const NAMES: [&str; 2] = ["notes.example.com", "www.notes.example.com"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) app: String,
    /// The environment, of a spec that has any.
    pub(crate) env: Option<String>,
    pub(crate) services: BTreeMap<String, Service>,
    pub(crate) tags: bool,
    pub(crate) idle: Option<u32>,
    pub(crate) private: bool,
    /// A cluster of somebody else's that tasks run in.
    pub(crate) cluster: Option<&'static str>,
    /// Whether requests come by the balancer of somebody else's.
    pub(crate) shares: bool,
    /// What runs to its end.
    pub(crate) ends: Ends,
    /// What the spec protects, and what outlives a destroy; whole lines.
    pub(crate) more: Vec<String>,
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
    pub(crate) features: Features,
    /// What it was called before.
    pub(crate) renamed_from: Option<String>,
}

/// What services are called, and what they may be called later.
const RENAMES: &[(&str, &str)] = &[("web", "site"), ("api", "orders"), ("worker", "hands")];

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
            features: Features::draw(draw, name, !worker),
            renamed_from: None,
        }
    }
}

impl Service {
    /// How many tasks it has at least.
    pub(crate) fn fewest(&self) -> u32 {
        self.features.fewest().unwrap_or(self.count)
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
            env: None,
            services,
            tags: draw.chance(30),
            idle: draw.chance(30).then_some(120),
            private: draw.chance(25),
            cluster: None,
            shares: false,
            ends: Ends::draw(draw),
            more: Vec::new(),
        };
        spec.elsewhere(&draw.aside("elsewhere"), 20);
        spec.repair();
        spec
    }

    /// Perhaps lives with somebody else, or no longer.
    fn elsewhere(&mut self, draw: &Draw, percent: u64) {
        let mut draw = draw.clone();
        if !draw.since(7) {
            return;
        }
        if draw.chance(percent) {
            self.cluster = *draw.pick(&[None, Some("commons"), Some("others")]);
        }
        if draw.chance(percent) {
            self.shares = draw.chance(60);
        }
    }

    /// The same with rolling updates, under which everything can be changed in one go.
    pub(crate) fn rolling(&self) -> Self {
        let mut spec = self.clone();
        for service in spec.services.values_mut() {
            service.features = service.features.rolling();
        }
        spec
    }

    /// Makes it a spec that can be: without `web`, `api` is the one that takes what is left over.
    fn repair(&mut self) {
        let web = ["web", "site"].iter().any(|name| self.services.contains_key(*name));
        for (name, api) in &mut self.services {
            if ["api", "orders"].contains(&name.as_str()) {
                api.path = web.then(|| "/api/*".to_owned());
            }
        }
        // The balancer of somebody else's stands in one VPC, and what is left over there is its owner's.
        if self.shares {
            self.private = false;
            let open = self.services.iter_mut().filter(|(_, it)| it.port.is_some());
            for (name, service) in open.filter(|(_, it)| it.names == 0) {
                service.path.get_or_insert_with(|| format!("/{name}/*"));
            }
        }
    }

    /// Changes one to three things.
    pub(crate) fn change(&self, draw: &mut Draw) -> Self {
        let mut spec = self.clone();
        for _ in 0..=draw.below(3) {
            spec.change_once(draw);
        }
        let mut own = draw.aside("change of a feature");
        if draw.since(2) && own.chance(50) {
            let names: Vec<String> = spec.services.keys().cloned().collect();
            if let Some(service) = spec.services.get_mut(own.pick(&names)) {
                service.features.change(&mut own, service.port.is_some());
            }
        }
        spec.ends.change(draw);
        spec.rename(&draw.aside("rename"));
        spec.elsewhere(&draw.aside("moves"), 15);
        spec.repair();
        spec
    }

    /// Perhaps calls a service otherwise.
    fn rename(&mut self, draw: &Draw) {
        let mut draw = draw.clone();
        if !draw.since(5) || !draw.chance(15) {
            return;
        }
        let (old, new) = *draw.pick(RENAMES);
        if let Some(mut service) = self.services.remove(old) {
            service.renamed_from = Some(old.to_owned());
            self.services.insert(new.to_owned(), service);
        }
    }

    fn change_once(&mut self, draw: &mut Draw) {
        match draw.below(10) {
            0 => self.tags = !self.tags,
            1 => self.idle = if self.idle.is_some() { None } else { Some(90) },
            2 => {
                let name = *draw.pick(&["api", "worker"]);
                let renamed = |it: &Service| it.renamed_from.as_deref() == Some(name);
                if self.services.values().any(renamed) {
                    return;
                }
                if self.services.remove(name).is_none() || self.services.is_empty() {
                    self.services.insert(name.to_owned(), Service::draw(draw, name));
                }
            }
            3 => {
                let mut services = self.services.iter_mut();
                let web = services.find(|(name, _)| ["web", "site"].contains(&name.as_str()));
                if let Some((_, web)) = web {
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
        if let Some(env) = &self.env {
            writeln!(text, "environments: {{ {env}: {{}}, other: {{}} }}").unwrap();
        }
        if self.tags {
            text.push_str("tags: { team: notes }\n");
        }
        if self.private {
            text.push_str("network: { vpc: \"tag:Name=main\" }\n");
        }
        if let Some(cluster) = self.cluster {
            writeln!(text, "cluster: {{ use: {cluster} }}").unwrap();
        }
        if self.shares {
            text.push_str("balancer: { use: edge }\n");
        } else if let Some(idle) = self.idle {
            writeln!(text, "balancer: {{ idle_timeout: {idle}s }}").unwrap();
        }
        for line in &self.more {
            writeln!(text, "{line}").unwrap();
        }
        text.push_str(&self.ends.text());
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
        let mut keys = Keys::default();
        if let Some(old) = &self.renamed_from {
            keys.set("renamed_from", old);
        }
        keys.add("image", "tag", &self.image);
        if let Some(port) = self.port {
            keys.set("port", port.to_string());
            keys.add("health", "path", &self.health);
            if let Some(seconds) = self.interval {
                keys.add("health", "interval", format!("{seconds}s"));
            }
            if self.names > 0 {
                keys.add("domain", "names", format!("[{}]", NAMES[..self.names].join(", ")));
            }
            if let Some(path) = &self.path {
                keys.add("route", "path", path);
            }
            if let Some(seconds) = self.drain {
                keys.add("deploy", "drain", format!("{seconds}s"));
            }
        }
        keys.set("scale", self.count.to_string());
        if let Some(level) = &self.env {
            keys.add("env", "LOG_LEVEL", level);
        }
        if self.secret {
            keys.add("secrets", "DATABASE_URL", "\"ssm:/notes/canary\"");
        }
        if self.big {
            keys.set("cpu", "0.5");
            keys.set("memory", "1GB");
        }
        if let Some(days) = self.retain {
            keys.add("logs", "retain", format!("{days}d"));
        }
        if self.exec {
            keys.set("exec", "true");
        }
        if self.permissions {
            let arn = "arn:aws:s3:::notes-files/*";
            keys.set("permissions", format!("[{{ allow: [\"s3:GetObject\"], on: [\"{arn}\"] }}]"));
        }
        self.features.write(&mut keys, self.count);
        keys.lines().collect()
    }

    /// Plainer services.
    fn smaller(&self) -> Vec<Self> {
        let mut list = Vec::new();
        let mut without = |has: bool, change: &dyn Fn(&mut Self)| {
            if has {
                let mut plainer = self.clone();
                change(&mut plainer);
                list.push(plainer);
            }
        };
        without(self.count > 1, &|it| it.count = 1);
        without(self.names > 0, &|it| it.names = 0);
        without(self.names > 1, &|it| it.names = 1);
        without(self.env.is_some(), &|it| it.env = None);
        without(self.secret, &|it| it.secret = false);
        without(self.big, &|it| it.big = false);
        without(self.retain.is_some(), &|it| it.retain = None);
        without(self.drain.is_some(), &|it| it.drain = None);
        without(self.interval.is_some(), &|it| it.interval = None);
        without(self.exec, &|it| it.exec = false);
        without(self.permissions, &|it| it.permissions = false);
        for features in self.features.smaller() {
            list.push(Self { features, ..self.clone() });
        }
        list
    }
}

impl Spec {
    /// Smaller specs, the greatest steps first.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        let mut list = Vec::new();
        for name in self.services.keys().filter(|_| self.services.len() > 1) {
            let mut spec = self.clone();
            spec.services.remove(name);
            spec.repair();
            list.push(spec);
        }
        if self.tags {
            list.push(Self { tags: false, ..self.clone() });
        }
        if self.idle.is_some() {
            list.push(Self { idle: None, ..self.clone() });
        }
        if self.private {
            list.push(Self { private: false, ..self.clone() });
        }
        if self.cluster.is_some() {
            list.push(Self { cluster: None, ..self.clone() });
        }
        if self.shares {
            list.push(Self { shares: false, ..self.clone() });
        }
        for ends in self.ends.smaller() {
            list.push(Self { ends, ..self.clone() });
        }
        for (name, service) in &self.services {
            for plainer in service.smaller() {
                let mut spec = self.clone();
                spec.services.insert(name.clone(), plainer);
                list.push(spec);
            }
        }
        list
    }
}

impl Spec {
    /// Another environment of the same app.
    pub(crate) fn other_env() -> Self {
        let mut spec = Self::small();
        let services = std::mem::take(&mut spec.services).into_values();
        spec.services = services.map(|service| ("side".to_owned(), service)).collect();
        Self { env: Some("staging".to_owned()), ..spec }
    }

    /// One service, for a stack that only stands beside the one that is judged.
    pub(crate) fn small() -> Self {
        let mut draw = Draw::new(0, 1);
        let mut web = Service::draw(&mut draw, "web");
        "v1".clone_into(&mut web.image);
        (web.secret, web.names, web.count) = (false, 0, 1);
        let services = BTreeMap::from([("web".to_owned(), web)]);
        Self {
            app: APP.to_owned(),
            env: None,
            services,
            tags: false,
            idle: None,
            private: false,
            cluster: None,
            shares: false,
            ends: Ends::default(),
            more: Vec::new(),
        }
    }
}
