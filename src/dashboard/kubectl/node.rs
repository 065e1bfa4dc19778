//! A node as kubectl prints it.

use super::age;
use super::describe::moment;
use super::describe::page::{NONE, Page};
use crate::cluster::node::Node;
use crate::cluster::pod::{Pod, PodPhase};
use crate::cluster::quantity::{Bytes, MilliCpu};
use crate::dashboard::view::View;
use serde_json::{Value, json};

/// What pods of a node ask for, all together or one alone.
#[derive(Clone, Copy, Default)]
struct Sum {
    cpu: [u64; 2],
    memory: [u64; 2],
}

impl Sum {
    /// Requests, then limits; a limit without a request requests as much.
    fn of(pod: &Pod) -> Sum {
        let (requests, limits) = (&pod.spec.requests, &pod.spec.limits);
        let cpu = [requests.cpu.or(limits.cpu), limits.cpu].map(|cpu| cpu.map_or(0, |c| c.0));
        let memory = [requests.memory.or(limits.memory), limits.memory].map(|m| m.map_or(0, |m| m.0));
        Sum { cpu, memory }
    }

    fn and(self, other: Sum) -> Sum {
        let add = |a: [u64; 2], b: [u64; 2]| [a[0] + b[0], a[1] + b[1]];
        Sum { cpu: add(self.cpu, other.cpu), memory: add(self.memory, other.memory) }
    }
}

/// NAME, STATUS, ROLES, AGE, VERSION, and with `wide` INTERNAL-IP, CPU, MEMORY, CONTAINER-RUNTIME.
pub fn row(view: &View, node: &Node, wide: bool) -> Vec<String> {
    let platform = &view.platform;
    let mut cells = vec![
        node.name.clone(),
        "Ready".into(),
        NONE.into(),
        age(view.snapshot.at.since(platform.since)),
        format!("v{}", platform.version),
    ];
    if wide {
        cells.extend([
            "127.0.0.1".into(),
            node.cores.to_string(),
            memory(platform.memory),
            platform.provider.clone(),
        ]);
    }
    cells
}

fn memory(bytes: Bytes) -> String {
    if bytes.0 == 0 { "<unknown>".into() } else { bytes.in_mebi() }
}

/// A `v1` Node.
pub fn object(view: &View, node: &Node) -> Value {
    let platform = &view.platform;
    let mut capacity = json!({"cpu": node.cores.to_string()});
    if platform.memory.0 > 0 {
        capacity["memory"] = json!(platform.memory);
    }
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node.name, "creationTimestamp": platform.since.rfc3339()},
        "status": {
            "capacity": capacity,
            "conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [
                {"type": "InternalIP", "address": "127.0.0.1"},
                {"type": "Hostname", "address": node.name},
            ],
            "nodeInfo": {
                "kubeletVersion": format!("v{}", platform.version),
                "containerRuntimeVersion": platform.provider,
            },
        },
    })
}

/// `kubectl describe node`: what it has, and what its pods ask of it.
pub fn describe(view: &View, node: &Node) -> String {
    let platform = &view.platform;
    let now = view.snapshot.at;
    let mut page = Page::default();
    page.put("Name", &node.name);
    page.put("Roles", NONE);
    page.put("CreationTimestamp", moment(platform.since));
    page.line("Conditions:");
    page.line("  Type\tStatus");
    page.line("  ----\t------");
    page.line("  Ready\tTrue");
    page.line("Addresses:");
    page.put("  InternalIP", "127.0.0.1");
    page.put("  Hostname", &node.name);
    page.line("Capacity:");
    page.put("  cpu", node.cores);
    page.put("  memory", memory(platform.memory));
    page.line("System Info:");
    page.put("  Container Runtime", &platform.provider);
    page.put("  faasim Version", format_args!("v{}", platform.version));
    let pods = view.snapshot.pods.values().filter(|p| p.node == node.id && p.phase != PodPhase::Failed);
    let mut pods: Vec<_> = pods.collect();
    pods.sort_by_key(|pod| (&pod.spec.namespace, &pod.name));
    page.line(format_args!("Non-terminated Pods:\t({} in total)", pods.len()));
    page.line("  Namespace\tName\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    page.line("  ---------\t----\t------------\t----------\t---------------\t-------------\t---");
    let whole = Sum { cpu: [u64::from(node.cores) * 1000; 2], memory: [platform.memory.0; 2] };
    let mut all = Sum::default();
    for pod in pods {
        let sum = Sum::of(pod);
        all = all.and(sum);
        let [cpu, cpu_limit, memory, memory_limit] = cells(sum, whole);
        let (namespace, age) = (&pod.spec.namespace, age(now.since(pod.created)));
        page.line(format_args!(
            "  {namespace}\t{}\t{cpu}\t{cpu_limit}\t{memory}\t{memory_limit}\t{age}",
            pod.name
        ));
    }
    page.line("Allocated resources:");
    page.line("  Resource\tRequests\tLimits");
    page.line("  --------\t--------\t------");
    let [cpu, cpu_limit, memory, memory_limit] = cells(all, whole);
    page.line(format_args!("  cpu\t{cpu}\t{cpu_limit}"));
    page.line(format_args!("  memory\t{memory}\t{memory_limit}"));
    page.put("Events", NONE);
    page.finish()
}

/// Requests and limits of CPU, then of memory: `10m (0%)`.
fn cells(sum: Sum, whole: Sum) -> [String; 4] {
    let share = |part: u64, whole: u64| match whole {
        0 => String::new(),
        _ => format!(" ({}%)", u128::from(part) * 100 / u128::from(whole)),
    };
    let cpu = |i: usize| match sum.cpu[i] {
        0 => format!("0{}", share(0, whole.cpu[i])),
        m => format!("{}{}", MilliCpu(m), share(m, whole.cpu[i])),
    };
    let memory = |i: usize| match sum.memory[i] {
        0 => format!("0{}", share(0, whole.memory[i])),
        b => format!("{}{}", Bytes(b), share(b, whole.memory[i])),
    };
    [cpu(0), cpu(1), memory(0), memory(1)]
}
