//! What a stack costs at least: list prices times what runs all the time.
//!
//! The prices are in `data/prices.json`, with the month they are of and where they come from. A region
//! or a price that is not there is said to be unknown.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use wharf_aws::kinds::on_demand;
use wharf_graph::facts::Egress;
use wharf_graph::input::as_ref;
use wharf_graph::{Address, Graph, Snapshot};
use wharf_plan::{Cost, CostPart};

/// Hours of a month as AWS's own calculator takes it.
const HOURS: f64 = 730.0;

/// The workload of the command that runs before a release.
const RELEASE: &str = "release";

const NOT_COUNTED: [&str; 4] = [
    "traffic and balancer capacity units",
    "log storage",
    "image storage",
    "NAT gateways, which are not the stack's",
];

#[derive(Deserialize)]
struct Prices {
    as_of: String,
    public_ipv4_hour: f64,
    secret_month: f64,
    regions: BTreeMap<String, Region>,
}

#[derive(Deserialize)]
struct Region {
    x86_64: Option<Compute>,
    arm64: Option<Compute>,
    balancer_hour: Option<f64>,
}

#[derive(Clone, Copy, Deserialize)]
struct Compute {
    vcpu_hour: f64,
    gb_hour: f64,
}

/// Estimates what a stack costs after its plan, and by how much that is more than before.
pub(crate) fn of(graph: &Graph, snapshot: &Snapshot) -> Cost {
    let prices: Prices = serde_json::from_str(include_str!("../data/prices.json"))
        .expect("a test reads the price list that is compiled in");
    let region = &snapshot.facts.region;
    let mut after = Bill::new(&prices, region, &Running::desired(graph));
    after.varying.extend(layers(graph, snapshot));
    let before = Bill::new(&prices, region, &Running::live(snapshot));
    let sum = after.sum();
    Cost {
        cents_per_month: sum,
        cents_change: sum.zip(before.sum()).map(|(after, before)| {
            i64::try_from(after).unwrap_or(i64::MAX) - i64::try_from(before).unwrap_or(i64::MAX)
        }),
        prices_of: prices.as_of,
        parts: after.parts,
        unknown: after.unknown.into_iter().collect(),
        varying: after.varying,
        not_counted: NOT_COUNTED.map(str::to_owned).to_vec(),
    }
}

/// Says so if image layers come through a NAT gateway, which takes money for each gigabyte, although S3, where they
/// are kept, can be reached by a gateway endpoint, which takes none (ECR User Guide, "Amazon ECR interface VPC
/// endpoints"; Amazon VPC pricing).
fn layers(graph: &Graph, snapshot: &Snapshot) -> Option<String> {
    // Images of registries elsewhere come through the NAT gateway in any case.
    graph.iter().find(|node| node.address.kind() == "repository")?;
    let services = graph.iter().filter(|node| node.address.kind() == "service");
    let subnets: BTreeSet<&str> = services
        .filter_map(|node| node.props["subnets"].as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let facts = snapshot.facts.subnets.iter();
    let mut placed = facts.filter(|subnet| subnets.contains(subnet.id.as_str()));
    placed.any(|subnet| subnet.egress == Egress::Nat && !subnet.layers_free).then(|| {
        "each image pulled, by the gigabyte through the NAT gateway (a gateway endpoint for S3 in the VPC costs \
         nothing)"
            .to_owned()
    })
}

/// What runs all the time.
#[derive(Default)]
struct Running {
    services: Vec<Tasks>,
    balancers: Vec<Balancer>,
    secrets: BTreeSet<String>,
    /// Tasks that run now and then.
    jobs: Vec<Tasks>,
}

/// The tasks of one service.
struct Tasks {
    name: String,
    /// How many there are at least.
    count: u32,
    /// How many of them are on spare capacity, at most.
    spot: u32,
    cpu: u32,
    memory: u32,
    arm: bool,
    addresses: bool,
    /// The property of that name.
    launch: String,
}

impl Tasks {
    /// Takes what a task costs from its definition.
    fn new(name: &str, definition: &Value) -> Self {
        Self {
            name: name.to_owned(),
            count: 0,
            spot: 0,
            cpu: number(definition, "cpu"),
            memory: number(definition, "memory"),
            arm: definition["architecture"] == "ARM64",
            addresses: false,
            launch: String::new(),
        }
    }

    /// Returns what one task costs in an hour, in dollars, and the name of what that goes by.
    fn hourly(&self, known: Option<&Region>) -> (&'static str, Option<f64>) {
        let (arch, price) = if self.arm {
            ("arm64", known.and_then(|known| known.arm64))
        } else {
            ("x86_64", known.and_then(|known| known.x86_64))
        };
        let hourly = price.map(|price| {
            f64::from(self.cpu) / 1024.0 * price.vcpu_hour
                + f64::from(self.memory) / 1024.0 * price.gb_hour
        });
        (arch, hourly)
    }
}

struct Balancer {
    /// One for each zone; none where it is internal.
    addresses: u32,
}

impl Running {
    fn desired(graph: &Graph) -> Self {
        let definition = |value: &Value| Some(&graph.get(&as_ref(value)?.of)?.props);
        Self::of(graph.iter().map(|node| (&node.address, &node.props)), &definition)
    }

    fn live(snapshot: &Snapshot) -> Self {
        let all = || snapshot.iter().filter(|live| !live.leaving);
        let definition = |value: &Value| {
            all().find(|live| Some(live.id.as_str()) == value.as_str()).map(|live| &live.props)
        };
        Self::of(all().map(|live| (&live.address, &live.props)), &definition)
    }

    fn of<'a>(
        all: impl Iterator<Item = (&'a Address, &'a Value)>,
        definition: &dyn Fn(&'a Value) -> Option<&'a Value>,
    ) -> Self {
        let mut running = Self::default();
        let mut fewest = BTreeMap::new();
        let mut definitions = BTreeMap::new();
        for (address, props) in all {
            match address.kind() {
                "task_definition" => {
                    definitions.insert(address.name(), props);
                }
                "scalable_target" => {
                    fewest.insert(address.name(), number(props, "min"));
                }
                "service" => {
                    let tasks = props.get("task_definition").and_then(definition);
                    running.service(address.name(), props, tasks);
                }
                "load_balancer" => {
                    let facing = props["scheme"] == "internet-facing";
                    let zones = props["subnets"].as_array().map_or(0, Vec::len);
                    let addresses =
                        if facing { u32::try_from(zones).unwrap_or(u32::MAX) } else { 0 };
                    running.balancers.push(Balancer { addresses });
                }
                _ => {}
            }
        }
        for (name, definition) in definitions {
            // A release's command takes so little time that it costs nothing worth a word.
            let visits = running.services.iter().all(|tasks| tasks.name != name);
            if visits && name != RELEASE {
                running.jobs.push(Tasks::new(name, definition));
            }
        }
        for tasks in &mut running.services {
            // Under a range, only the fewest run all the time.
            tasks.count = fewest.get(tasks.name.as_str()).copied().unwrap_or(tasks.count);
            tasks.spot = tasks.count - on_demand(&tasks.launch, tasks.count);
        }
        running
    }

    fn service(&mut self, name: &str, props: &Value, definition: Option<&Value>) {
        let Some(definition) = definition else { return };
        self.services.push(Tasks {
            count: number(props, if props["count"].is_null() { "start" } else { "count" }),
            launch: props["launch"].as_str().unwrap_or_default().to_owned(),
            addresses: props["public_ip"] == true,
            ..Tasks::new(name, definition)
        });
        let sidecars = definition["sidecars"].as_object().into_iter().flat_map(|map| map.values());
        let secrets = std::iter::once(&definition["container"])
            .chain(sidecars)
            .filter_map(|container| container["secrets"].as_object());
        for value in secrets.flat_map(|map| map.values()).filter_map(Value::as_str) {
            if value.split(':').nth(2) == Some("secretsmanager") {
                // Further parts choose a key inside the same secret.
                let secret: Vec<&str> = value.split(':').take(7).collect();
                self.secrets.insert(secret.join(":"));
            }
        }
    }
}

fn number(props: &Value, key: &str) -> u32 {
    props[key].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
}

#[derive(Default)]
struct Bill {
    parts: Vec<CostPart>,
    varying: Vec<String>,
    unknown: BTreeSet<String>,
}

impl Bill {
    fn new(prices: &Prices, region: &str, running: &Running) -> Self {
        let mut bill = Self::default();
        let known = prices.regions.get(region);
        if known.is_none() && !(running.services.is_empty() && running.balancers.is_empty()) {
            bill.unknown.insert(format!("list prices of {region}"));
            return bill;
        }
        for tasks in running.services.iter().filter(|tasks| tasks.count > 0) {
            let (arch, hourly) = tasks.hourly(known);
            if tasks.spot > 0 {
                let many = if tasks.spot == 1 { "task" } else { "tasks" };
                let (count, name) = (tasks.spot, &tasks.name);
                bill.varying
                    .push(format!("{count} {many} of service {name} on Spot, whose price varies"));
            }
            let sure = tasks.count - tasks.spot;
            if sure == 0 {
                continue;
            }
            let many = if sure == 1 { "task" } else { "tasks" };
            let what = format!("{sure} {many} of service {}", tasks.name);
            bill.add(
                what,
                format!("price of {arch} tasks in {region}"),
                hourly.map(|hourly| f64::from(sure) * hourly * HOURS),
            );
        }
        let jobs = running.jobs.iter().filter_map(|tasks| {
            let (_, hourly) = tasks.hourly(known);
            Some(format!("{} ${:.3}", tasks.name, hourly?))
        });
        let jobs: Vec<String> = jobs.collect();
        if !jobs.is_empty() {
            bill.varying.push(format!("jobs by the hour they run ({})", jobs.join(", ")));
        }
        for balancer in &running.balancers {
            let price = known.and_then(|known| known.balancer_hour);
            bill.add(
                "load balancer".to_owned(),
                format!("price of a load balancer in {region}"),
                price.map(|price| price * HOURS),
            );
            bill.addresses("the load balancer", balancer.addresses, prices);
        }
        for tasks in running.services.iter().filter(|tasks| tasks.addresses) {
            bill.addresses(&format!("service {}", tasks.name), tasks.count, prices);
        }
        let secrets = u32::try_from(running.secrets.len()).unwrap_or(u32::MAX);
        if secrets > 0 {
            let what =
                if secrets == 1 { "1 secret".to_owned() } else { format!("{secrets} secrets") };
            bill.add(what, String::new(), Some(f64::from(secrets) * prices.secret_month));
        }
        bill
    }

    fn addresses(&mut self, of: &str, count: u32, prices: &Prices) {
        if count > 0 {
            let many = if count == 1 { "address" } else { "addresses" };
            let dollars = f64::from(count) * prices.public_ipv4_hour * HOURS;
            self.add(format!("{count} public IPv4 {many} of {of}"), String::new(), Some(dollars));
        }
    }

    fn add(&mut self, what: String, unknown: String, dollars: Option<f64>) {
        match dollars {
            Some(dollars) => {
                self.parts.push(CostPart { what, cents_per_month: cents(dollars) });
            }
            None => {
                self.unknown.insert(unknown);
            }
        }
    }

    fn sum(&self) -> Option<u64> {
        self.unknown.is_empty().then(|| self.parts.iter().map(|part| part.cents_per_month).sum())
    }
}

/// Rounds to cents. No stack costs so much that a cent is lost.
fn cents(dollars: f64) -> u64 {
    let cents = format!("{:.0}", (dollars * 100.0).max(0.0).round());
    cents.parse().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices() -> Prices {
        serde_json::from_str(include_str!("../data/prices.json")).unwrap()
    }

    fn tasks(count: u32, arm: bool) -> Tasks {
        Tasks {
            name: "web".to_owned(),
            count,
            spot: 0,
            cpu: 256,
            memory: 512,
            arm,
            addresses: false,
            launch: "FARGATE".to_owned(),
        }
    }

    fn sum(region: &str, running: &Running) -> Option<u64> {
        Bill::new(&prices(), region, running).sum()
    }

    #[test]
    fn the_smallest_task_costs_nine_dollars_and_a_cent() {
        let running = Running { services: vec![tasks(1, false)], ..Running::default() };
        assert_eq!(sum("us-east-1", &running), Some(901));
    }

    #[test]
    fn addresses_and_the_balancer_count() {
        let running = Running {
            services: vec![Tasks { addresses: true, ..tasks(2, true) }],
            balancers: vec![Balancer { addresses: 3 }],
            secrets: BTreeSet::from(["arn:a".to_owned()]),
            jobs: Vec::new(),
        };
        // 2 × 7.21 for the tasks, 16.43 for the balancer, 5 × 3.65 for addresses, 0.40.
        assert_eq!(sum("us-east-1", &running), Some(1442 + 1643 + 5 * 365 + 40));
    }

    #[test]
    fn what_runs_on_spot_has_no_price_and_is_named() {
        let spot = Tasks { spot: 1, ..tasks(2, false) };
        let running = Running { services: vec![spot], ..Running::default() };
        let bill = Bill::new(&prices(), "us-east-1", &running);
        assert_eq!(bill.sum(), Some(901));
        assert_eq!(bill.varying, ["1 task of service web on Spot, whose price varies"]);
    }

    #[test]
    fn what_runs_now_and_then_has_a_price_an_hour() {
        let running = Running { jobs: vec![tasks(0, false)], ..Running::default() };
        let bill = Bill::new(&prices(), "us-east-1", &running);
        assert_eq!(bill.sum(), Some(0));
        assert_eq!(bill.varying, ["jobs by the hour they run (web $0.012)"]);
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        let running = Running { services: vec![tasks(1, true)], ..Running::default() };
        assert_eq!(sum("eu-central-1", &running), None);
        assert_eq!(sum("eu-north-1", &running), None);
        assert_eq!(sum("eu-north-1", &Running::default()), Some(0));
    }
}
