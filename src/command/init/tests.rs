//! What `init` writes is a scenario that `check` accepts.

use super::*;
use crate::plan::{Changes, Plan, resolve};

fn plan(text: &str) -> Plan {
    let source = Source::new("scenario.yaml", text);
    let scenario = parse(&source, &[]).unwrap_or_else(|error| panic!("{error}\n{text}"));
    resolve(scenario, &source, &Changes::default()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn from(description: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("openapi.yaml");
    std::fs::write(&path, description).unwrap();
    render::render(&openapi::read(&tree_of_file(&path).unwrap()).unwrap())
}

const SHOP: &str = r##"
openapi: 3.1.0
info: {title: "A shop: with \"quotes\" and ${DOLLARS}", version: "1"}
servers: [{url: "https://{region}.shop.example/v1/", variables: {region: {default: eu}}}]
security: [{key: []}]
paths:
  /orders:
    get:
      summary: List orders
      operationId: Orders.list
      parameters: [{$ref: "#/components/parameters/Tenant"}, {name: page, in: query, schema: {type: integer}}]
      responses:
        "200": {content: {application/json: {schema: {$ref: "#/components/schemas/Page"}}}}
    post: {}
  /orders/{id}:
    get: {summary: "One order\n# with a break"}
    delete: {}
  /orders/{id}/lines/:
    get: {responses: {"200": {content: {application/json: {schema: {type: array, items: {properties: {line_no: {}}}}}}}}}
  /orders/{id}/lines/{lineNo}:
    get: {}
  /reports/{year}.{format}:
    get:
      parameters:
        - {name: format, in: path, required: true, schema: {enum: [csv, json]}}
        - {name: year, in: path, required: true, example: 2024}
        - {name: Accept-Language, in: header, required: true}
  /reports/{year}/details/{id}: {get: {}}
  /reports/{year}/details: {get: {}}
components:
  securitySchemes:
    cookie: {type: apiKey, in: cookie, name: sid}
    key: {type: apiKey, in: header, name: X-Shop-Key}
  parameters:
    Tenant: {name: tenant, in: query, required: true, example: "{a}"}
  schemas:
    Page: {properties: {next: {}, entries: {type: array, items: {$ref: "#/components/schemas/Order"}}}}
    Order: {properties: {total: {}, id: {}}}
    Loop: {$ref: "#/components/schemas/Loop"}
"##;

#[test]
fn the_blank_starter_is_a_scenario_that_can_be_run() {
    let plan = plan(STARTER);
    assert_eq!(plan.actions.len(), 2);
    assert!(STARTER.contains("<-"));
}

#[test]
fn reads_relations_and_the_login_are_taken_from_a_description() {
    let text = from(SHOP);
    let plan = plan(&text);
    assert_eq!(plan.actions.len(), 7, "{text}");
    assert_eq!(plan.scenario.target.url.as_deref(), Some("https://eu.shop.example/v1"));
    assert_eq!(plan.missing, ["API_KEY"], "the dollars of the title are plain ones");
    for part in [
        "header: \"X-Shop-Key: {token}\"",
        "  Orders-list:\n    path: \"/orders\"\n    query: {\"tenant\": \"{{a}}\"}\n",
        "    order:\n      request: {path: \"/orders\"}\n      items: \"/entries\"\n      id: \"/id\"\n",
        "    lineNo:\n      request: {path: \"/orders/{order}/lines/\"}\n      items: \"\"\n      id: \"/line_no\"\n",
        "path: \"/orders/{order}/lines/{lineNo}\"",
        "  year: {one_of: [\"2024\"]}",
        "  format: {one_of: [\"csv\"]}",
        "path: \"/reports/{year}.{format}\"",
        "  detail: {one_of: [\"1\"]}",
        "headers: {\"Accept-Language\": \"1\"}    # <-",
        "  # One order # with a break\n",
        "  #   POST /orders\n  #   DELETE /orders/{id}\n",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
}

#[test]
fn every_kind_of_login_gives_a_scenario_that_can_be_run() {
    for (scheme, part) in [
        ("{type: http, scheme: Bearer}", "login: {bearer: \"${API_TOKEN}\"}"),
        ("{type: http, scheme: basic}", "login: {basic: true"),
        ("{type: apiKey, in: header, name: X-Key}", "X-Key: {token}"),
        ("{type: apiKey, in: cookie, name: sid}", "people carry the cookie sid"),
        ("{type: apiKey, in: query, name: key}", "names no way to log in"),
        ("{type: oauth2, flows: {password: {tokenUrl: /oauth/token}}}", "grant_type: password"),
        ("{type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://x/y'}}}", "${API_TOKEN}"),
    ] {
        let text = from(&format!(
            "openapi: 3.0.3\npaths: {{/: {{get: {{}}}}}}\ncomponents: {{securitySchemes: {{one: {scheme}}}}}\n"
        ));
        assert!(text.contains(part), "{part}: {text}");
        plan(&text);
    }
}

#[test]
fn a_large_description_is_cut_and_says_so() {
    let paths: String =
        (0..60).map(|n| format!("  /things{n}/{{id}}: {{get: {{operationId: get}}}}\n")).collect();
    let text = from(&format!("openapi: 3.0.0\npaths:\n{paths}"));
    assert_eq!(plan(&text).actions.len(), 40);
    assert!(text.contains("20 more reads"), "{text}");
    assert!(text.contains("  get-40:\n"), "each has a name of its own: {text}");
}

#[test]
fn what_is_no_openapi_3_is_refused_with_the_reason() {
    for (description, words) in [
        ("swagger: '2.0'\n", "Swagger 2"),
        ("a: 1\n", "no `openapi: 3…`"),
        ("openapi: 4.0.0\n", "only OpenAPI 3"),
        ("openapi: 3.0.0\npaths: {/x: {post: {}}}\n", "no GET"),
        ("openapi: 3.0.0\npaths: []\n", "no GET"),
    ] {
        let tree = crate::scenario::tree_of_file(&{
            let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
            std::fs::write(&path, description).unwrap();
            path.keep().unwrap()
        })
        .unwrap();
        let error = openapi::read(&tree).expect_err(description).to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_file_that_exists_is_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let args = InitArgs { from: None, out: dir.path().join("s.yaml") };
    init(&args).unwrap();
    std::fs::write(&args.out, "mine").unwrap();
    let failure = init(&args).expect_err("it exists");
    assert_eq!(failure.exit, Exit::Usage);
    assert!(failure.to_string().contains("exists already"), "{failure}");
    assert_eq!(std::fs::read_to_string(&args.out).unwrap(), "mine");
}
