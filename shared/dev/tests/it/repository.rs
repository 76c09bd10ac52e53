//! The repository's own rules: who may depend on whom, how files are called and how long they are, what lies where.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// Longest source file, in lines: beyond that it holds more than one noun.
const MAX_LINES: usize = 400;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A file of the repository.
pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What is in a directory of the repository, by name.
pub(crate) fn entries(path: &str) -> BTreeSet<String> {
    let read = fs::read_dir(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    read.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Every Rust file of the repository.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut unread = vec![root().join("functions"), root().join("shared")];
    while let Some(directory) = unread.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                unread.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 100, "the sources were found");
    found
}

/// The crates of the workspace by the directory they are in, as `functions/session`.
fn crates() -> BTreeMap<String, String> {
    ["functions", "shared"]
        .into_iter()
        .flat_map(|place| entries(place).into_iter().map(move |name| format!("{place}/{name}")))
        .map(|directory| (directory.clone(), text(&format!("{directory}/Cargo.toml"))))
        .collect()
}

/// Cargo's view of the workspace on this machine; other platforms' dependencies are not downloaded for it.
fn metadata() -> Metadata {
    let rustc = std::process::Command::new("rustc").arg("-vV").output().unwrap();
    let about = String::from_utf8(rustc.stdout).unwrap();
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(["--locked".to_owned(), "--filter-platform".to_owned(), host.to_owned()])
        .exec()
        .unwrap()
}

/// Everything that a crate is built from, by name.
fn dependencies(metadata: &Metadata, name: &str) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().unwrap();
    let names: BTreeMap<&PackageId, String> =
        metadata.packages.iter().map(|package| (&package.id, package.name.to_string())).collect();
    let start = metadata.workspace_packages().into_iter().find(|package| package.name.as_str() == name).unwrap();
    let (mut seen, mut unread) = (BTreeSet::new(), vec![&start.id]);
    while let Some(id) = unread.pop() {
        let node = resolve.nodes.iter().find(|node| node.id == *id).unwrap();
        for dependency in &node.deps {
            let shipped = dependency.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development);
            if shipped && seen.insert(names[&dependency.pkg].clone()) {
                unread.push(&dependency.pkg);
            }
        }
    }
    seen
}

#[test]
fn crates_know_only_whom_they_may_know() {
    let metadata = metadata();
    let of = |name: &str| dependencies(&metadata, name);
    let is_aws = |name: &&String| name.starts_with("aws-") || name.starts_with("lambda_");
    for name in ["switchboard-core", "switchboard-providers", "switchboard-auth"] {
        let found = of(name);
        assert_eq!(found.iter().find(is_aws), None, "{name} must not know AWS");
    }
    let ours = |name: &str| -> Vec<String> {
        of(name).into_iter().filter(|found| found.starts_with("switchboard-")).collect()
    };
    assert_eq!(ours("switchboard-core"), Vec::<String>::new());
    for name in ["switchboard-providers", "switchboard-store", "switchboard-auth"] {
        assert_eq!(ours(name), ["switchboard-core"], "{name}");
    }
    assert_eq!(ours("switchboard-lambda"), ["switchboard-auth", "switchboard-core", "switchboard-store"]);
    assert_eq!(ours("switchboard-calls"), ["switchboard-core", "switchboard-providers", "switchboard-store"]);
    for function in entries("functions") {
        let found = of(&function);
        assert!(!found.contains("switchboard-dev"), "{function} must not ship the local world");
        let others: Vec<_> = entries("functions").intersection(&found).cloned().collect();
        assert_eq!(others, Vec::<String>::new(), "{function} must not know other functions");
        for dev in ["dynoxide-rs", "axum", "clap", "s3s", "saphyr", "str0m"] {
            assert!(!found.contains(dev), "{function} must not ship {dev}");
        }
    }
}

#[test]
fn one_tls_stack_is_in_the_lock_file_and_no_old_one() {
    let lock = text("Cargo.lock");
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let field = |name: &str| {
            let value = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \""));
            value.map_or("", |value| value.trim_end_matches('"'))
        };
        versions.entry(field("name")).or_default().push(field("version"));
    }
    for banned in ["openssl-sys", "openssl", "native-tls", "aws-lc-sys", "aws-lc-rs"] {
        assert_eq!(versions.get(banned), None, "{banned}");
    }
    for single in ["rustls", "hyper", "ring", "tokio"] {
        assert_eq!(versions[single].len(), 1, "{single}: {:?}", versions[single]);
    }
    assert!(!versions["hyper"][0].starts_with("0."), "hyper {:?}", versions["hyper"]);
}

#[test]
fn every_crate_takes_the_workspaces_lints_and_licence_and_is_called_like_its_directory() {
    for (directory, manifest) in crates() {
        assert!(manifest.contains("[lints]\nworkspace = true"), "{directory}: lints");
        assert!(manifest.contains("license.workspace = true"), "{directory}: licence");
        let (place, name) = directory.split_once('/').unwrap();
        let package = if place == "shared" { format!("switchboard-{name}") } else { name.to_owned() };
        assert!(manifest.contains(&format!("name = \"{package}\"")), "{directory}: the package is {package}");
        let source = text(&format!("{directory}/src/lib.rs"));
        assert!(source.starts_with("//! "), "{directory}: lib.rs says what the crate is");
        let features = manifest.contains("[features]");
        assert!(!features, "{directory}: features would be unified over the workspace");
        if place == "functions" {
            let main = text(&format!("{directory}/src/main.rs"));
            assert!(main.lines().count() <= 15, "{directory}: main.rs boots, composes and serves");
        }
    }
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(text(licence).contains("The Switchboard authors"), "{licence}");
    }
}

#[test]
fn files_are_nouns_of_a_readable_length_and_nothing_is_left_undone() {
    let undone = [concat!("to", "do!("), concat!("dbg", "!("), concat!("unimpl", "emented!(")];
    for path in sources() {
        let shown = path.strip_prefix(root()).unwrap().display().to_string();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(!["mod", "utils", "util", "helpers", "helper", "common", "misc", "types"].contains(&stem), "{shown}");
        let source = fs::read_to_string(&path).unwrap();
        let lines = source.lines().count();
        assert!(lines <= MAX_LINES, "{shown} has {lines} lines");
        let is_test = stem == "tests" || shown.contains("/tests/");
        assert!(is_test || source.starts_with("//! "), "{shown} does not say what it is");
        for mark in undone {
            assert!(!source.contains(mark), "{shown} has {mark}");
        }
        // A child of `foo` lies in `foo/` beside `foo.rs`.
        let directory = path.parent().unwrap();
        let parent = directory.with_extension("rs");
        let is_root =
            directory.ends_with("examples") || ["main.rs", "lib.rs"].iter().any(|root| directory.join(root).is_file());
        assert!(is_root || parent.is_file(), "{shown} has no {}", parent.display());
    }
}

#[test]
fn the_top_level_shows_only_what_belongs_there() {
    let shown: BTreeSet<String> =
        entries("").into_iter().filter(|name| !name.starts_with('.') && name != "target").collect();
    let belongs = [
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "events",
        "functions",
        "samconfig.toml",
        "shared",
        "template.yaml",
    ];
    assert_eq!(shown, belongs.map(str::to_owned).into());
}
