//! The SAM template as data: what is deployed, asked by the gateway, the world and the repository's own checks.
//!
//! Reads YAML with CloudFormation's short forms and tells, for every function, its routes, limits and environment. What
//! an intrinsic function means is [`super::intrinsics`].

use std::collections::BTreeMap;
use std::time::Duration;

use saphyr::{LoadableYamlNode, ScalarOwned, YamlOwned};
use serde_json::{Map, Value};

use super::intrinsics::Resolver;

/// What Lambda gives a function that asks for nothing, in seconds and MB.
const DEFAULT_TIMEOUT_SECS: u64 = 3;
const DEFAULT_MEMORY_MB: u32 = 128;

/// The SAM event that makes a route of the HTTP API, and the path of the one that takes what no other does.
const HTTP_API_EVENT: &str = "HttpApi";
pub(super) const DEFAULT_ROUTE: &str = "$default";

/// A parsed template.
#[derive(Clone, Debug)]
pub struct Template {
    document: Value,
}

/// What a deployment chooses: parameters, and the physical names of the resources that a `!Ref` would give.
#[derive(Clone, Debug, Default)]
pub struct Deployment {
    /// Parameter overrides by name; the template's defaults hold for the rest.
    pub parameters: BTreeMap<String, String>,
    /// What `!Ref LogicalId` gives for a resource.
    pub resources: BTreeMap<String, String>,
    /// What `!GetAtt LogicalId.Attribute` gives, under `LogicalId.Attribute`.
    pub attributes: BTreeMap<String, String>,
}

/// One function as the template deploys it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionSpec {
    /// Its crate: the last part of `CodeUri`, which is also the name of its package and its binary.
    pub name: String,
    /// Its id in the template.
    pub logical_id: String,
    /// Its routes of the HTTP API as (method, path); the method is `ANY` where all are meant, the path `$default` where
    /// it takes what no other route does.
    pub routes: Vec<(String, String)>,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Its memory, in MB.
    pub memory_mb: u32,
    /// Its whole environment.
    pub environment: BTreeMap<String, String>,
}

/// Why the template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It is not YAML.
    #[error("the template is not YAML")]
    Yaml(#[from] saphyr::ScanError),
    /// A part of it has no meaning here.
    #[error("in the template, {place}: {problem}")]
    Part {
        /// Where: a logical id or a path of keys.
        place: String,
        /// What is wrong, and what to do.
        problem: String,
    },
}

pub(super) fn problem(place: impl Into<String>, problem: impl Into<String>) -> TemplateError {
    TemplateError::Part { place: place.into(), problem: problem.into() }
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    ///
    /// The text is not one YAML document, or holds a scalar whose text YAML does not keep.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let documents = YamlOwned::load_from_str(text)?;
        let [document] = documents.as_slice() else {
            return Err(problem("the file", "it must hold exactly one document"));
        };
        Ok(Self { document: plain(document, "the template")? })
    }

    /// The template as JSON: every scalar a string as it is written, every short form in its long one
    /// (`!Ref X` is `{"Ref": "X"}`, `!Sub` is `{"Fn::Sub": …}`).
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The functions, in the order of their logical ids, as `deployment` would deploy them.
    ///
    /// # Errors
    ///
    /// A function has a property that is missing, is of a wrong kind, or refers to something unknown.
    pub fn functions(&self, deployment: &Deployment) -> Result<Vec<FunctionSpec>, TemplateError> {
        let known = self.document.get("Parameters").and_then(Value::as_object);
        let unknown = deployment.parameters.keys().find(|name| known.is_none_or(|known| !known.contains_key(*name)));
        if let Some(name) = unknown {
            return Err(problem("Parameters", format!("there is no parameter {name}")));
        }
        let resolver = Resolver::new(&self.document, deployment);
        let globals = self.document.pointer("/Globals/Function").unwrap_or(&Value::Null);
        let resources = self.document.get("Resources").and_then(Value::as_object);
        let resources = resources.ok_or_else(|| problem("Resources", "they are missing"))?;
        let functions = resources
            .iter()
            .filter(|(_, resource)| resource.get("Type").and_then(Value::as_str) == Some("AWS::Serverless::Function"));
        functions.map(|(id, resource)| function(id, resource, globals, &resolver)).collect()
    }
}

fn function(
    id: &str,
    resource: &Value,
    globals: &Value,
    resolver: &Resolver<'_>,
) -> Result<FunctionSpec, TemplateError> {
    let property = |name: &str| {
        let own = resource.pointer(&format!("/Properties/{name}"));
        own.or_else(|| globals.get(name)).map(|value| resolver.text(id, value)).transpose()
    };
    let number = |name: &str, default: u64| match property(name)? {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| problem(id, format!("{name} is {text}, which is no number"))),
    };
    let code = property("CodeUri")?.ok_or_else(|| problem(id, "it has no CodeUri; name the function's directory"))?;
    let name = code.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let mut environment = BTreeMap::new();
    for holder in [globals.get("Environment"), resource.pointer("/Properties/Environment")].into_iter().flatten() {
        let variables = holder.get("Variables").and_then(Value::as_object);
        for (variable, value) in variables.into_iter().flatten() {
            environment.insert(variable.clone(), resolver.text(&format!("{id}, {variable}"), value)?);
        }
    }
    let memory = number("MemorySize", u64::from(DEFAULT_MEMORY_MB))?;
    Ok(FunctionSpec {
        name,
        logical_id: id.to_owned(),
        routes: routes(id, resource, resolver)?,
        timeout: Duration::from_secs(number("Timeout", DEFAULT_TIMEOUT_SECS)?),
        memory_mb: u32::try_from(memory).map_err(|_| problem(id, "MemorySize is too large"))?,
        environment,
    })
}

fn routes(id: &str, resource: &Value, resolver: &Resolver<'_>) -> Result<Vec<(String, String)>, TemplateError> {
    let events = resource.pointer("/Properties/Events").and_then(Value::as_object);
    let mut routes = Vec::new();
    for (name, event) in events.into_iter().flatten() {
        if event.get("Type").and_then(Value::as_str) != Some(HTTP_API_EVENT) {
            continue;
        }
        let property = |key: &str, default: &str| match event.pointer(&format!("/Properties/{key}")) {
            Some(value) => resolver.text(&format!("{id}, event {name}"), value),
            None => Ok(default.to_owned()),
        };
        routes.push((property("Method", "ANY")?.to_ascii_uppercase(), property("Path", DEFAULT_ROUTE)?));
    }
    Ok(routes)
}

/// A YAML node as JSON in CloudFormation's long form.
fn plain(node: &YamlOwned, place: &str) -> Result<Value, TemplateError> {
    Ok(match node {
        YamlOwned::Value(ScalarOwned::Null) => Value::Null,
        YamlOwned::Value(ScalarOwned::Boolean(value)) => Value::String(value.to_string()),
        YamlOwned::Value(ScalarOwned::Integer(value)) => Value::String(value.to_string()),
        YamlOwned::Value(ScalarOwned::String(text)) | YamlOwned::Representation(text, _, _) => {
            Value::String(text.clone())
        }
        YamlOwned::Value(ScalarOwned::FloatingPoint(value)) => {
            return Err(problem(place, format!("quote the number {value}: its digits would be lost otherwise")));
        }
        YamlOwned::Sequence(items) => {
            Value::Array(items.iter().map(|item| plain(item, place)).collect::<Result<_, _>>()?)
        }
        YamlOwned::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let Value::String(key) = plain(key, place)? else {
                    return Err(problem(place, "a key is not a scalar"));
                };
                let value = plain(value, &format!("{place}, {key}"))?;
                map.insert(key, value);
            }
            Value::Object(map)
        }
        YamlOwned::Tagged(tag, node) => {
            let long = match tag.suffix.as_str() {
                short @ ("Ref" | "Condition") => short.to_owned(),
                short => format!("Fn::{short}"),
            };
            Value::Object(Map::from_iter([(long, plain(node, place)?)]))
        }
        YamlOwned::Alias(_) | YamlOwned::BadValue => return Err(problem(place, "it is no YAML value")),
    })
}

#[cfg(test)]
mod tests;
