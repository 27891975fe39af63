//! The files under `deploy/` say what is true of the app: its variables, jobs, flags, paths and pages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use dunlin_host::manifest::Manifest;
use serde_json::Value;

use crate::harness::{App, Partner, dunlin};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn manifest() -> Manifest {
    Manifest::load(&root().join("spin.toml")).expect("spin.toml")
}

/// The documents of a YAML file, as others read it.
fn yaml(path: &str) -> Option<Vec<Value>> {
    let json = Partner::python("yaml")?.run("yaml_to_json.py", &[], &read(path));
    Some(serde_json::from_str(&json).expect("JSON"))
}

/// The jobs of `spin.toml`: name, schedule and path.
fn jobs() -> BTreeSet<(String, String, String)> {
    let jobs = manifest().application.tool.dunlin.schedule.into_iter();
    jobs.map(|job| (job.name, job.cron, job.path)).collect()
}

#[test]
fn every_variable_that_is_set_is_one_of_the_app() {
    let known: BTreeSet<String> = manifest().variables.into_keys().collect();
    let environment = read("deploy/systemd/dunlin.env");
    let mut set: Vec<String> = environment
        .lines()
        .filter_map(|line| {
            Some(
                line.strip_prefix("SPIN_VARIABLE_")?
                    .split_once('=')?
                    .0
                    .to_lowercase(),
            )
        })
        .collect();
    assert!(set.len() >= 5, "{set:?}");
    if let Some(documents) = yaml("deploy/kubernetes/spinapp.yaml") {
        let variables = documents
            .iter()
            .filter_map(|document| document["spec"]["variables"].as_array())
            .flatten();
        let names: Vec<String> = variables
            .map(|variable| variable["name"].as_str().expect("a name").to_owned())
            .collect();
        assert!(names.len() >= 5, "{names:?}");
        set.extend(names);
    }
    let unknown: Vec<&String> = set.iter().filter(|name| !known.contains(*name)).collect();
    assert_eq!(unknown, Vec::<&String>::new());
}

#[test]
fn timers_run_the_jobs_of_the_schedule() {
    let service = read("deploy/systemd/dunlin-job@.service");
    let (_, path) = service
        .split_once("http://127.0.0.1:3000")
        .expect("the job's address");
    let path = path.lines().next().expect("a path");
    let mut timed = BTreeSet::new();
    for entry in fs::read_dir(root().join("deploy/systemd")).expect("deploy/systemd") {
        let name = entry
            .expect("an entry")
            .file_name()
            .into_string()
            .expect("a name");
        if !name.ends_with(".timer") {
            continue;
        }
        let timer = read(&format!("deploy/systemd/{name}"));
        let value = |key: &str| {
            timer
                .lines()
                .find_map(|line| line.strip_prefix(key))
                .expect(key)
                .to_owned()
        };
        let unit = value("Unit=dunlin-job@");
        let job = unit.strip_suffix(".service").expect("a service").to_owned();
        let every = value("OnCalendar=*:0/");
        let cron = if every == "1" {
            "* * * * *".to_owned()
        } else {
            format!("*/{every} * * * *")
        };
        timed.insert((job.clone(), cron, path.replace("%i", &job)));
    }
    assert_eq!(timed, jobs());
}

#[test]
fn cron_jobs_run_the_jobs_of_the_schedule() {
    let Some(documents) = yaml("deploy/kubernetes/cronjobs.yaml") else {
        return;
    };
    let found: BTreeSet<_> = documents
        .iter()
        .map(|job| {
            let container = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
            let command = container["args"][0].as_str().expect("a command");
            let (_, path) = command.split_once("http://dunlin").expect("an address");
            let name = job["metadata"]["name"]
                .as_str()
                .expect("a name")
                .trim_start_matches("dunlin-");
            let cron = job["spec"]["schedule"].as_str().expect("a schedule");
            (name.to_owned(), cron.to_owned(), path.trim().to_owned())
        })
        .collect();
    assert_eq!(found, jobs());
}

#[test]
fn the_runtime_configuration_is_one_that_spin_reads() {
    // Spin's own types and their keys (its crate `sqlite`), which refuse unknown ones.
    let keys = BTreeMap::from([
        ("spin", vec!["path", "type"]),
        ("libsql", vec!["token", "type", "url"]),
    ]);
    let text = read("deploy/systemd/runtime-config.toml");
    // Both ways to say it: as it stands, and with the commented one in its place.
    let other: String = text
        .lines()
        .skip_while(|line| !line.starts_with("# A libSQL"))
        .skip(1)
        .map(|line| format!("{}\n", line.trim_start_matches("# ")))
        .collect();
    for text in [text.as_str(), &other] {
        let table: toml::Table = toml::from_str(text).expect("TOML");
        assert_eq!(table.keys().collect::<Vec<_>>(), ["sqlite_database"]);
        let database = table["sqlite_database"]["default"]
            .as_table()
            .expect("a database");
        let kind = database["type"].as_str().expect("a type");
        let mut given: Vec<&str> = database.keys().map(String::as_str).collect();
        given.sort_unstable();
        assert_eq!(Some(&given), keys.get(kind), "{kind}");
    }
}

#[test]
fn the_host_is_started_with_flags_that_it_has() {
    let help = dunlin()
        .args(["up", "--help"])
        .output()
        .expect("dunlin up --help");
    let help = String::from_utf8(help.stdout).expect("text");
    let unit = read("deploy/systemd/dunlin.service");
    let unit = unit
        .lines()
        .find(|line| line.starts_with("ExecStart="))
        .expect("ExecStart")
        .to_owned();
    let image = read("deploy/container/Containerfile");
    let image = image
        .lines()
        .find(|line| line.starts_with("CMD [\"up\""))
        .expect("CMD")
        .to_owned();
    for line in [unit, image] {
        assert!(
            line.contains("--state-dir") && line.contains("--no-build"),
            "{line}"
        );
        for word in line.split([' ', '"']).filter(|word| word.starts_with("--")) {
            assert!(help.contains(&format!(" {word}")), "{word} of {line}");
        }
    }
}

#[test]
fn the_list_of_variables_is_the_manifests() {
    let listed = read("docs/variables.md");
    // The first cell of a row has the names.
    let cells = listed
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let listed: BTreeSet<String> = cells
        .flat_map(|cell| cell.split("`, `"))
        .map(|name| name.trim_end_matches('`').to_owned())
        .collect();
    let known: BTreeSet<String> = manifest().variables.into_keys().collect();
    assert_eq!(listed, known);
}

#[test]
fn what_is_installed_is_what_the_manifest_names() {
    let built = "target/wasm32-wasip2/component/";
    for (name, component) in manifest().component {
        assert_eq!(component.source, format!("{built}{name}.wasm"));
    }
    for file in ["deploy/container/Containerfile", "deploy/README.md"] {
        assert!(
            read(file).contains(&format!("sed 's|{built}|components/|' spin.toml")),
            "{file}"
        );
    }
}

#[test]
fn the_images_health_check_tells_a_running_app_from_none() {
    let image = read("deploy/container/Containerfile");
    let (_, check) = image.split_once("HEALTHCHECK").expect("a health check");
    let (_, command) = check.split_once("CMD ").expect("a command");
    let command: Vec<String> =
        serde_json::from_str(command.lines().next().expect("a line")).expect("a JSON list");
    let [program, arguments @ ..] = command.as_slice() else {
        panic!("no command");
    };
    let run = |port: u16| {
        let arguments = arguments
            .iter()
            .map(|word| word.replace("/127.0.0.1/3000", &format!("/127.0.0.1/{port}")));
        Command::new(program)
            .args(arguments)
            .output()
            .expect("bash")
            .status
            .success()
    };
    assert!(run(App::shared().address().port()));
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = nobody.local_addr().expect("an address").port();
    drop(nobody);
    assert!(!run(port));
}

#[test]
fn the_ingress_shows_what_the_contract_has_and_no_job() {
    let Some(documents) = yaml("deploy/kubernetes/ingress.yaml") else {
        return;
    };
    let rules = documents[0]["spec"]["rules"][0]["http"]["paths"]
        .as_array()
        .expect("paths");
    let shown = |path: &str| {
        rules.iter().any(|rule| {
            let at = rule["path"].as_str().expect("a path");
            match rule["pathType"].as_str() {
                Some("Prefix") => path == at || path.starts_with(&format!("{at}/")),
                Some("Exact") => path == at,
                other => panic!("{other:?}"),
            }
        })
    };
    let contract: Value = serde_json::from_str(&read("components/reference/openapi.json")).expect("JSON");
    for path in contract["paths"].as_object().expect("paths").keys() {
        let inside = path.starts_with("/internal/") || path.starts_with("/sandbox/");
        assert_eq!(shown(path), !inside, "{path}");
    }
}

#[test]
fn every_yaml_file_is_yaml() {
    for folder in ["deploy/kubernetes", "deploy/container"] {
        for entry in fs::read_dir(root().join(folder)).expect(folder) {
            let name = entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name");
            if name.ends_with(".yaml") {
                let documents = yaml(&format!("{folder}/{name}"));
                assert!(
                    documents.is_none_or(|documents| documents.iter().all(Value::is_object)),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn systemd_takes_the_units_and_finds_them_closed() {
    let test = "systemd_takes_the_units_and_finds_them_closed";
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("SKIPPED: {test} needs systemd-analyze");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut units = Vec::new();
    for entry in fs::read_dir(root().join("deploy/systemd")).expect("deploy/systemd") {
        let name = entry
            .expect("an entry")
            .file_name()
            .into_string()
            .expect("a name");
        if !name.ends_with(".service") && !name.ends_with(".timer") {
            continue;
        }
        // systemd looks for the programs, which are not installed here.
        let unit = read(&format!("deploy/systemd/{name}"))
            .replace("/opt/dunlin/dunlin ", "/bin/sh ")
            .replace("/usr/local/bin/spin ", "/bin/sh ")
            .replace("/usr/bin/curl ", "/bin/sh ");
        let path = folder.path().join(&name);
        fs::write(&path, unit).expect("a file");
        units.push(path);
    }
    // A timer a job, and three services.
    assert_eq!(units.len(), jobs().len() + 3);
    let analyze = |arguments: &[&str], units: &[PathBuf]| {
        let mut command = Command::new("systemd-analyze");
        command
            .args(arguments)
            .args(units)
            .env("SYSTEMD_UNIT_PATH", format!("{}:", folder.path().display()));
        let output = command.output().expect("systemd-analyze");
        let said = [output.stderr, output.stdout].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "{arguments:?} {units:?}: {said}");
        said
    };
    let said = analyze(&["verify"], &units);
    assert!(!said.contains(".service:") && !said.contains(".timer:"), "{said}");
    // An exposure of at most 2.0 out of 10.
    for service in units
        .iter()
        .filter(|unit| unit.extension().is_some_and(|extension| extension == "service"))
    {
        analyze(
            &["security", "--offline=true", "--threshold=20", "--no-pager"],
            std::slice::from_ref(service),
        );
    }
}
