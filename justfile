# What a developer does. `just` lists it.

default:
    @just --list

# Start a cluster with the sample functions
up *args:
    cargo run --release -- up {{args}}

# Every test
test *args:
    cargo test {{args}}

# What must hold before a change lands
ci:
    bash .ci/run

# Format, lints and documentation, without the tests
check:
    cargo fmt --check
    cargo clippy --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked --quiet

# Speed, each beside a reference in the same run
bench *names:
    cargo bench {{ if names == "" { "--benches" } else { "--bench " + names } }}

# Licences, duplicates and advisories of the dependencies (needs cargo-deny)
deny:
    cargo deny check

# A build that links in seconds, for trying things out and for profiling
quick:
    cargo build --profile quick
