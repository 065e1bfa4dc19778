//! Settings that go together, by name.

/// A named set of settings.
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Key and value, as `--set` takes them.
    pub values: &'static [(&'static str, &'static str)],
}

impl Preset {
    /// The preset of that name.
    pub fn find(name: &str) -> Option<&'static Preset> {
        PRESETS.iter().find(|preset| preset.name == name)
    }
}

/// All presets.
pub const PRESETS: &[Preset] = &[
    Preset { name: "default", about: "what Kubernetes and OpenFaaS come with", values: &[] },
    Preset {
        name: "lecture",
        about: "short intervals: up within seconds, down within one minute",
        values: &[
            ("hpa.sync-period", "5s"),
            ("hpa.downscale-stabilization", "30s"),
            ("hpa.cpu-initialization-period", "10s"),
            ("hpa.initial-readiness-delay", "2s"),
            ("metrics.interval", "5s"),
            ("openfaas.interval", "2s"),
            ("pods.termination-grace", "10s"),
            ("pods.backoff-initial", "2s"),
            ("pods.backoff-max", "1m"),
        ],
    },
    Preset {
        name: "study",
        about: "the cluster of the study: metrics-server's and the HPA's own periods, the old controller's rules",
        values: &[("hpa.dialect", "legacy"), ("metrics.interval", "15s"), ("hpa.sync-period", "15s")],
    },
];
