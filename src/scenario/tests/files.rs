//! Scenarios that consist of several files.

use super::*;
use std::path::Path;

fn write(dir: &Path, files: &[(&str, &str)]) -> String {
    for (name, text) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir.join(files[0].0).display().to_string()
}

fn error(files: &[(&str, &str)]) -> (String, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = write(dir.path(), files);
    let error = load(&path, &[]).expect_err(files[0].1).to_string();
    let prefix = format!("{}/", dir.path().display());
    (error.replace(&prefix, ""), path)
}

#[test]
fn included_maps_are_merged_and_the_including_file_wins() {
    let dir = tempfile::tempdir().unwrap();
    let top = "include: [parts/base.yaml, parts/more.yaml]\nscenario: top\nroles:\n  reader: {users: 9}\nslos: [hit_rate > 2%]\nvalues:\n";
    let path = write(
        dir.path(),
        &[
            ("top.yaml", top),
            ("parts/base.yaml", SCENARIO),
            ("parts/more.yaml", "include: [deep/deep.yaml]\nroles: {reader: {favourites: 2}}\n"),
            ("parts/deep/deep.yaml", "roles: {reader: {favourites: 3, again: 0.5}}\n"),
        ],
    );
    let Loaded { scenario, source, .. } = load(&path, &[]).unwrap_or_else(|error| panic!("{error}"));
    let reader = &scenario.roles["reader"];
    assert_eq!((reader.users, reader.favourites, reader.again), (9, 2.0, 0.5));
    assert_eq!(reader.think.shape, 0.7, "from the base");
    assert_eq!((scenario.scenario.as_str(), scenario.slos.len()), ("top", 1));
    assert!(scenario.values.is_empty(), "an empty key takes away what is included");
    let label =
        |path: &[&str]| source.label(source.place(path).unwrap()).rsplit('/').next().unwrap().to_owned();
    assert_eq!(label(&["roles", "reader", "users"]), "top.yaml:4:19");
    assert_eq!(label(&["roles", "reader", "again"]), "deep.yaml:1:40");
    assert_eq!(label(&["phases", "0", "kind"]), "base.yaml:29:12");
    let shown = ScenarioError::at(&source, &["phases", "0", "kind"], "what").to_string();
    assert!(shown.contains("29 |   - {kind: warm-up, duration: 1s}"), "{shown}");
}

#[test]
fn includes_that_cannot_work_are_refused_at_their_line() {
    let base = ("scenario.yaml", "scenario: x\ninclude: [part.yaml]\n");
    let (said, _) = error(&[base, ("parts.yaml", "")]);
    assert!(said.starts_with("scenario.yaml:2:11: there is no file `part.yaml`"), "{said}");
    assert!(said.contains("did you mean \"parts.yaml\"?"), "{said}");
    let (said, _) = error(&[("scenario.yaml", "include: [parts/schol]\n")]);
    assert!(said.contains("did you mean \"parts/school\"?"), "{said}");
    let (said, _) = error(&[base, ("part.yaml", "seed: 1\nuses: 2\n")]);
    assert!(said.starts_with("part.yaml:2:1: unknown field `uses`"), "{said}");
    let (said, _) = error(&[base, ("part.yaml", "seed: 1\n\tuses: 2\n")]);
    assert!(said.starts_with("part.yaml:2:1: a tab"), "{said}");
    let (said, _) = error(&[base, ("part.yaml", "include: [./scenario.yaml]\n")]);
    assert!(
        said.starts_with("part.yaml:1:11: this includes itself: scenario.yaml -> part.yaml -> scenario.yaml"),
        "{said}"
    );
    let (said, _) = error(&[("scenario.yaml", "include: part.yaml\n")]);
    assert!(said.starts_with("scenario.yaml:1:10: `include` must be a list"), "{said}");
    let (said, _) = error(&[base, ("part.yaml", "- a\n")]);
    assert!(said.contains("nothing can be included"), "{said}");
    let names: Vec<(String, String)> =
        (0..12).map(|n| (format!("{n}.yaml"), format!("include: [{}.yaml]\n", n + 1))).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let (said, _) = error(&files);
    assert!(said.starts_with("8.yaml:1:11: includes are nested deeper than 8"), "{said}");
}

#[test]
fn people_come_from_a_file_and_their_secrets_stay_out_of_the_scenario() {
    let dir = tempfile::tempdir().unwrap();
    let text = SCENARIO.replace(
        "  list:\n    - {role: reader, username: ann, classes: [1, 2]}\n    - {role: reader, username: ben}\n",
        "  file: who/people.csv\n",
    );
    let text =
        text.replace("{bearer: \"${API_TOKEN}\"}", "{basic: true, credentials: more.csv, password: hunter2}");
    let people = "role,username,classes,password\nreader,ann,1;2,\"hunter2, too\"\n\nreader,ben,,\n";
    let files = [
        ("s.yaml", text.as_str()),
        ("who/people.csv", people),
        ("more.csv", "username,token\nben,hunter2\n"),
    ];
    let path = write(dir.path(), &files);
    let loaded = load(&path, &[]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(loaded.scenario.people.list.len(), 2);
    assert_eq!(loaded.scenario.people.list[0]["classes"], serde_json::json!(["1", "2"]));
    assert!(!loaded.scenario.people.list[1].contains_key("classes"), "an empty cell is no attribute");
    assert_eq!(loaded.secrets.get("ann"), Some(&Credential::Password("hunter2, too".into())));
    assert_eq!(loaded.secrets.get("ben"), Some(&Credential::Token("hunter2".into())));
    assert_eq!(loaded.secrets.get("eve"), None);
    let written = to_yaml(&loaded.scenario);
    assert!(!written.contains("hunter2") && written.contains("ann"), "{written}");
    assert!(!format!("{:?}{:?}", loaded.secrets, loaded.secrets.get("ann")).contains("hunter2"));
    let saved = write(dir.path(), &[("run/scenario.yaml", &written)]);
    let again = load(&saved, &[]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        again.secrets.get("ben"),
        Some(&Credential::Token("hunter2".into())),
        "the credentials stay where they are, and are found from elsewhere"
    );
    std::fs::remove_file(dir.path().join("more.csv")).unwrap();
    assert!(load(&saved, &[]).is_err() && load_saved(Path::new(&saved)).is_ok(), "judged it can be without");
    let error = ScenarioError::at(&loaded.source, &["people", "list", "1"], "what").to_string();
    assert!(error.ends_with("people.csv:4:1: what"), "{error}");
}

#[test]
fn what_is_wrong_with_a_file_of_people_is_named_with_its_line_and_never_shown() {
    let text = "people: {file: p.csv}\n";
    for (people, expected) in [
        (
            "name,role\nhunter2,reader\n",
            "p.csv:1:1: the first line names the columns, and `username` is not among them",
        ),
        ("ann,hunter2\nben,hunter2\n", "p.csv:1:1: the first line must name the columns"),
        ("username,role\nann,reader\nben\n", "p.csv:3:1: this line has 1 cells and the first has 2"),
        (
            "username,password\nann,hunter2\nann,hunter2\n",
            "p.csv:3:1: \"ann\" stands twice, here and at p.csv:2:1",
        ),
        ("username,password\n,hunter2\n", "p.csv:2:1: a person needs a `username`"),
    ] {
        let (said, _) = error(&[("s.yaml", text), ("p.csv", people)]);
        assert!(said.starts_with(expected), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    for (people, expected) in [
        ("[{\"username\": \"ann\"},\n {\"role\": \"x\"}]", "p.json:2:2: a person needs a `username`"),
        ("[{\"username\": \"ann\",\n]", "p.json:2:1: not JSON"),
        ("{\"username\": \"ann\"}", "p.json:1:"),
        ("[{\"username\": \"ann\",\n  \"a\": {\"b\": 1}}]", "p.json:2:8: `a` of a person"),
    ] {
        let (said, _) = error(&[("s.yaml", "people: {file: p.json}\n"), ("p.json", people)]);
        assert!(said.starts_with(expected), "{said}");
    }
    let (said, _) = error(&[("s.yaml", text)]);
    assert!(said.starts_with("s.yaml:1:16: cannot read p.csv"), "{said}");
    let (said, _) = error(&[("s.yaml", "people: {list: [{username: a}], file: p.csv}\n")]);
    assert!(said.starts_with("s.yaml:1:33: people come from one place"), "{said}");
}

#[test]
fn files_are_looked_for_beside_the_file_that_names_them_and_must_be_there() {
    let text = SCENARIO
        .replace("  - {kind: steady, duration: 6s}", "  - {kind: replay, duration: 6s, file: day.trace}")
        + "include: [parts/tls.yaml]\n";
    let part = "target: {connection: {ca: ca.pem}}\n";
    let dir = tempfile::tempdir().unwrap();
    let files =
        [("s.yaml", text.as_str()), ("parts/tls.yaml", part), ("parts/ca.pem", ""), ("day.trace", "")];
    let path = write(dir.path(), &files);
    let scenario = load(&path, &[]).unwrap_or_else(|error| panic!("{error}")).scenario;
    let at = |name: &str| Some(dir.path().join(name).display().to_string());
    assert_eq!(scenario.phases[1].file, at("day.trace"));
    assert_eq!(scenario.target.connection.ca, at("parts/ca.pem"));
    let saved = write(dir.path(), &[("run/scenario.yaml", &to_yaml(&scenario))]);
    let again = load(&saved, &[]).unwrap_or_else(|error| panic!("{error}")).scenario;
    assert_eq!(to_yaml(&again), to_yaml(&scenario), "a copy names the same files");

    let (said, _) = error(&files[..3]);
    assert!(said.starts_with("s.yaml:30:") && said.contains("cannot read") && said.contains('^'), "{said}");
    let (said, _) = error(&[files[0], files[1], files[3]]);
    assert!(said.starts_with("parts/tls.yaml:1:27: cannot read") && said.contains('^'), "{said}");
    let set = [set("target.connection.ca=no-such-file-here.pem")];
    let said = load(&path, &set).expect_err("it is not there").to_string();
    assert!(said.contains("cannot read no-such-file-here.pem"), "relative to the current folder: {said}");
}
