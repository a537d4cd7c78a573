//! OpenAPI 3 to an outline: by hand and tolerant, because descriptions in the wild are
//! seldom complete. Only references within the document are followed.

use super::outline::{Login, Outline, Read, Relation, Unknown};
use anyhow::{Result, bail};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Reads that are listed.
const READS: usize = 40;
/// References that lead to references.
const REFERENCES: usize = 8;
/// Names of parameters that say nothing of what they name.
const BARE: [&str; 8] = ["id", "pk", "uuid", "slug", "key", "name", "code", "ref"];
/// Where lists usually are in an answer, the most usual first.
const LISTS: [&str; 6] = ["results", "items", "data", "content", "records", "list"];
const METHODS: [&str; 4] = ["post", "put", "patch", "delete"];

/// Reads the description.
///
/// # Errors
/// When it is no OpenAPI 3, or describes no GET.
pub(super) fn read(tree: &Value) -> Result<Outline> {
    let version = tree.get("openapi").and_then(Value::as_str).unwrap_or_default();
    if !version.starts_with("3.") {
        let found = match (version, tree.get("swagger")) {
            ("", Some(_)) => "this is Swagger 2; convert it to OpenAPI 3 first",
            ("", None) => "this is not an OpenAPI description: it has no `openapi: 3…`",
            _ => "only OpenAPI 3 can be read",
        };
        bail!(found);
    }
    let empty = Map::new();
    let paths = tree.get("paths").and_then(Value::as_object).unwrap_or(&empty);
    let mut reader = Reader { tree, paths, outline: Outline::default(), names: HashMap::new() };
    reader.outline.title = text(tree.pointer("/info/title"));
    reader.outline.url = server(tree);
    reader.outline.login = login(tree);
    for (path, item) in paths.iter().filter(|(path, _)| path.starts_with('/')) {
        let item = reader.resolve(item);
        if let Some(get) = item.get("get") {
            if reader.outline.reads.len() < READS {
                reader.read(path, item, get);
            } else {
                reader.outline.left_out += 1;
            }
        }
        for method in METHODS.iter().filter(|method| item.get(**method).is_some()) {
            reader.outline.writes.push(format!("{} {}", method.to_uppercase(), one_line(path)));
        }
    }
    if reader.outline.reads.is_empty() {
        bail!("it describes no GET, so there is nothing that a cache could serve");
    }
    Ok(reader.outline)
}

struct Reader<'t> {
    tree: &'t Value,
    paths: &'t Map<String, Value>,
    outline: Outline,
    /// What stands for a path parameter, by the path up to it.
    names: HashMap<String, String>,
}

impl<'t> Reader<'t> {
    fn resolve(&self, value: &'t Value) -> &'t Value {
        let mut value = value;
        for _ in 0..REFERENCES {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else { break };
            match reference.strip_prefix('#').and_then(|pointer| self.tree.pointer(pointer)) {
                Some(found) => value = found,
                None => break,
            }
        }
        value
    }

    fn read(&mut self, path: &str, item: &'t Value, get: &'t Value) {
        let lists = [item.get("parameters"), get.get("parameters")];
        let parameters: Vec<&Value> = lists
            .into_iter()
            .flatten()
            .filter_map(Value::as_array)
            .flatten()
            .map(|one| self.resolve(one))
            .collect();
        let needed = |place: &str| -> Vec<(String, Option<String>)> {
            let required = parameters.iter().filter(|one| {
                one.get("in").and_then(Value::as_str) == Some(place)
                    && one.get("required").and_then(Value::as_bool) == Some(true)
            });
            required
                .map(|one| (text(one.get("name")), self.example(one)))
                .filter(|(name, _)| !name.is_empty())
                .collect()
        };
        let (query, headers) = (needed("query"), needed("header"));
        let about = match text(get.get("summary")) {
            summary if summary.is_empty() => text(get.get("description")),
            summary => summary,
        };
        let operation = text(get.get("operationId"));
        let wanted = if operation.is_empty() { name_of_path(path) } else { operation };
        let taken: Vec<&str> = self.outline.reads.iter().map(|read| read.name.as_str()).collect();
        let name = unique(&wanted, &taken);
        let path = self.translate(path, &parameters);
        let about = about.chars().take(90).collect();
        self.outline.reads.push(Read { name, about, path, query, headers });
    }

    /// The path with each parameter replaced by what stands for it in the scenario.
    fn translate(&mut self, path: &str, parameters: &[&'t Value]) -> String {
        let (mut done, mut original) = (String::new(), String::new());
        let mut rest = path;
        while let Some((before, after)) = rest.split_once('{') {
            done.push_str(&before.replace('}', "}}"));
            original.push_str(before);
            let Some((parameter, behind)) = after.split_once('}') else { break };
            let key = format!("{original}{{{parameter}}}");
            let name = match self.names.get(&key) {
                Some(name) => name.clone(),
                None => {
                    let described = parameters
                        .iter()
                        .find(|one| one.get("name").and_then(Value::as_str) == Some(parameter));
                    let example = described.and_then(|one| self.example(one));
                    let name = self.explain(parameter, &original, &done, example);
                    self.names.insert(key.clone(), name.clone());
                    name
                }
            };
            done.push_str(&format!("{{{name}}}"));
            original = key;
            rest = behind;
        }
        done.push_str(&rest.replace('{', "{{").replace('}', "}}"));
        one_line(&done).split(['?', '#']).next().unwrap_or("/").to_owned()
    }

    /// Notes a relation, or a value that only the user knows, and returns its name.
    fn explain(&mut self, parameter: &str, original: &str, done: &str, example: Option<String>) -> String {
        let collection =
            original.rsplit('/').find(|part| !part.is_empty() && !part.contains('{')).unwrap_or_default();
        let bare = BARE.contains(&parameter.to_lowercase().as_str());
        let wanted = if bare && !collection.is_empty() { singular(collection) } else { parameter.to_owned() };
        let relations = self.outline.relations.iter().map(|one| one.name.as_str());
        let unknown = self.outline.unknown.iter().map(|one| one.name.as_str());
        // Names that mean something already.
        let reserved = ["username", "password", "token", "mark", "role", "page"];
        let taken: Vec<&str> = relations.chain(unknown).chain(reserved).collect();
        let name = unique(&wanted, &taken);
        let listed = [original, original.trim_end_matches('/')].into_iter().find_map(|path| {
            let get = self.resolve(self.paths.get(path)?).get("get")?;
            Some((path.ends_with('/'), get))
        });
        // Only a whole segment is an item of the list before it: not `/reports.{format}`.
        // And a list is asked for with what people have: not with a value that is drawn.
        let drawn = self.outline.unknown.iter().any(|one| done.contains(&format!("{{{}}}", one.name)));
        match listed.filter(|_| original.ends_with('/') && !drawn) {
            Some((slash, get)) => {
                let path = if slash { done } else { done.trim_end_matches('/') };
                let path = if path.is_empty() { "/" } else { path };
                let (items, id, known) = self.shape(get, parameter);
                self.outline.relations.push(Relation {
                    name: name.clone(),
                    path: path.into(),
                    items,
                    id,
                    known,
                });
            }
            None => self.outline.unknown.push(Unknown { name: name.clone(), example }),
        }
        name
    }

    /// Where the list is in an answer, and the value in an item; whether the description says so.
    fn shape(&self, get: &'t Value, parameter: &str) -> (String, String, bool) {
        let guess = (String::new(), "/id".to_owned(), false);
        let answers = get.get("responses").and_then(Value::as_object);
        let good = answers.and_then(|all| all.iter().find(|(status, _)| status.starts_with('2')));
        let schema = good.and_then(|(_, answer)| {
            let content = self.resolve(answer).get("content")?.as_object()?;
            content.iter().find(|(kind, _)| kind.contains("json"))?.1.get("schema")
        });
        let Some(schema) = schema.map(|schema| self.resolve(schema)) else { return guess };
        let (items, list) = if schema.get("items").is_some() {
            (String::new(), schema)
        } else {
            let Some(all) = schema.get("properties").and_then(Value::as_object) else { return guess };
            let usual = LISTS.iter().filter_map(|name| all.get_key_value(*name));
            let found = usual.chain(all).find(|(_, inner)| self.resolve(inner).get("items").is_some());
            let Some((name, inner)) = found else { return guess };
            (format!("/{}", escape(name)), self.resolve(inner))
        };
        let item = list.get("items").map(|item| self.resolve(item));
        let fields = item.and_then(|item| item.get("properties")).and_then(Value::as_object);
        let Some(fields) = fields else {
            let single = item.and_then(|item| item.get("type")).and_then(Value::as_str);
            let is_value = matches!(single, Some("string" | "integer" | "number"));
            return (items, if is_value { String::new() } else { "/id".into() }, is_value);
        };
        let same = |name: &&String| {
            name.replace(['_', '-'], "").eq_ignore_ascii_case(&parameter.replace(['_', '-'], ""))
        };
        let id =
            fields.keys().find(same).or_else(|| fields.keys().find(|name| BARE.contains(&name.as_str())));
        (items, format!("/{}", id.map_or("id".into(), |id| escape(id))), id.is_some())
    }

    /// A value that the description gives for a parameter.
    fn example(&self, parameter: &'t Value) -> Option<String> {
        let schema = parameter.get("schema").map(|schema| self.resolve(schema));
        let of = |value: Option<&Value>| match value? {
            Value::String(text) => Some(one_line(text)),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        let first = parameter.get("examples").and_then(Value::as_object).and_then(|all| all.values().next());
        of(parameter.get("example"))
            .or_else(|| of(self.resolve(first?).get("value")))
            .or_else(|| of(schema?.get("example")))
            .or_else(|| of(schema?.get("default")))
            .or_else(|| of(schema?.get("enum")?.get(0)))
    }
}

/// The first server's absolute URL, its variables replaced by their defaults.
fn server(tree: &Value) -> Option<String> {
    let server = tree.get("servers")?.get(0)?;
    let mut url = text(server.get("url"));
    for (name, variable) in server.get("variables").and_then(Value::as_object).into_iter().flatten() {
        url = url.replace(&format!("{{{name}}}"), &text(variable.get("default")));
    }
    let absolute = url.starts_with("http://") || url.starts_with("https://");
    let plain = !url.contains(['@', '{', '}', '?', '#', ' ', '"']) && url.parse::<http::Uri>().is_ok();
    (absolute && plain).then(|| url.trim_end_matches('/').to_owned())
}

/// The first way to log in that is required, or else described.
fn login(tree: &Value) -> Option<Login> {
    let all = tree.pointer("/components/securitySchemes")?.as_object()?;
    let required = tree.get("security").and_then(Value::as_array).into_iter().flatten();
    let required =
        required.filter_map(Value::as_object).flat_map(|one| one.keys()).filter_map(|name| all.get(name));
    required.chain(all.values()).find_map(|scheme| {
        let word = |key: &str| text(scheme.get(key)).to_lowercase();
        match (word("type").as_str(), word("scheme").as_str(), word("in").as_str()) {
            ("http", "bearer", _) | ("openidconnect", ..) => Some(Login::Bearer),
            ("http", "basic", _) => Some(Login::Basic),
            ("apikey", _, "header") => {
                let name = text(scheme.get("name"));
                name.parse::<http::HeaderName>().is_ok().then_some(Login::Key(name))
            }
            ("apikey", _, "cookie") => Some(Login::Cookie(text(scheme.get("name")))),
            ("oauth2", ..) => match scheme.pointer("/flows/password/tokenUrl").map(|url| text(Some(url))) {
                Some(path) if path.starts_with('/') && !path.contains(['?', '#', '{', '}']) => {
                    Some(Login::Password(path))
                }
                Some(_) | None => Some(Login::Bearer),
            },
            _ => None,
        }
    })
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).map(one_line).unwrap_or_default()
}

/// A text without line breaks and control characters: some of it goes into comments.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// A name in a JSON pointer (RFC 6901).
fn escape(name: &str) -> String {
    one_line(name).replace('~', "~0").replace('/', "~1")
}

fn name_of_path(path: &str) -> String {
    let parts: Vec<&str> = path.split(['/', '{', '}']).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "home".into() } else { parts.join("-") }
}

fn singular(name: &str) -> String {
    match name.strip_suffix("ies") {
        Some(stem) if stem.len() > 1 => format!("{stem}y"),
        Some(_) | None => name
            .strip_suffix('s')
            .filter(|stem| stem.len() > 1 && !stem.ends_with('s'))
            .unwrap_or(name)
            .into(),
    }
}

/// A name of letters, digits, - and _ that is not taken yet.
fn unique(wanted: &str, taken: &[&str]) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' };
    let name: String = wanted.chars().map(plain).take(56).collect();
    let name = name.trim_matches('-');
    let name = if name.is_empty() { "unnamed" } else { name };
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|name| !taken.contains(&name.as_str()))
        .expect("numbers do not end")
}
