//! CloudFormation's intrinsic functions, as far as a template needs them to say what a function's properties are.

use serde_json::Value;

use super::template::{Deployment, TemplateError, problem};
use crate::aws::{ACCOUNT, REGION};

/// The stack that the local world plays.
const STACK: &str = "switchboard-local";

/// Resolves values of one template for one deployment.
#[derive(Debug)]
pub(super) struct Resolver<'t> {
    document: &'t Value,
    deployment: &'t Deployment,
}

impl<'t> Resolver<'t> {
    pub(super) fn new(document: &'t Value, deployment: &'t Deployment) -> Self {
        Self { document, deployment }
    }

    /// The text that a scalar or an intrinsic function stands for; `place` says where it stands, for the error.
    pub(super) fn text(&self, place: &str, value: &Value) -> Result<String, TemplateError> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Object(map) if map.len() == 1 => {
                let (function, arguments) =
                    map.iter().next().ok_or_else(|| problem(place, "an empty value has no text"))?;
                self.call(place, function, arguments)
            }
            _ => Err(problem(place, "a text is needed here")),
        }
    }

    fn call(&self, place: &str, function: &str, arguments: &Value) -> Result<String, TemplateError> {
        let misused = || problem(place, format!("{function} is not used as CloudFormation wants it"));
        match (function, arguments) {
            ("Ref", Value::String(name)) => self.reference(place, name),
            ("Fn::GetAtt", Value::String(path)) => self.attribute(place, path),
            ("Fn::GetAtt", Value::Array(parts)) => {
                let parts: Option<Vec<&str>> = parts.iter().map(Value::as_str).collect();
                self.attribute(place, &parts.ok_or_else(misused)?.join("."))
            }
            ("Fn::Sub", Value::String(text)) => self.substitute(place, text, &Value::Null),
            ("Fn::Sub", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(text), variables] => self.substitute(place, text, variables),
                _ => Err(misused()),
            },
            ("Fn::If", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(name), then, otherwise] => {
                    let chosen = if self.condition(place, name)? { then } else { otherwise };
                    self.text(place, chosen)
                }
                _ => Err(misused()),
            },
            ("Fn::Join", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(separator), Value::Array(items)] => {
                    let items: Result<Vec<String>, _> = items.iter().map(|item| self.text(place, item)).collect();
                    Ok(items?.join(separator))
                }
                _ => Err(misused()),
            },
            _ => Err(problem(place, format!("the local world does not know {function}"))),
        }
    }

    fn reference(&self, place: &str, name: &str) -> Result<String, TemplateError> {
        let pseudo = match name {
            "AWS::Region" => Some(REGION),
            "AWS::AccountId" => Some(ACCOUNT),
            "AWS::StackName" => Some(STACK),
            "AWS::Partition" => Some("aws"),
            "AWS::URLSuffix" => Some("amazonaws.com"),
            _ => None,
        };
        if let Some(value) = pseudo {
            return Ok(value.to_owned());
        }
        let chosen = [&self.deployment.parameters, &self.deployment.resources];
        if let Some(value) = chosen.into_iter().find_map(|names| names.get(name)) {
            return Ok(value.clone());
        }
        let default = self.document.get("Parameters").and_then(|all| all.get(name)?.get("Default"));
        match default {
            Some(Value::String(text)) => Ok(text.clone()),
            _ => Err(problem(
                place,
                format!("{name} is neither a parameter nor a resource whose name this deployment knows"),
            )),
        }
    }

    fn attribute(&self, place: &str, path: &str) -> Result<String, TemplateError> {
        let value = self.deployment.attributes.get(path).cloned();
        value.ok_or_else(|| problem(place, format!("{path} is no attribute that this deployment knows")))
    }

    /// Replaces every `${Name}` and `${Resource.Attribute}`; `${!Name}` stands for the text `${Name}`.
    fn substitute(&self, place: &str, text: &str, variables: &Value) -> Result<String, TemplateError> {
        let mut resolved = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            resolved.push_str(before);
            let (name, behind) =
                after.split_once('}').ok_or_else(|| problem(place, "an unfinished ${ in a Fn::Sub"))?;
            if let Some(literal) = name.strip_prefix('!') {
                resolved.push_str("${");
                resolved.push_str(literal);
                resolved.push('}');
            } else if let Some(own) = variables.get(name) {
                resolved.push_str(&self.text(place, own)?);
            } else if name.contains('.') {
                resolved.push_str(&self.attribute(place, name)?);
            } else {
                resolved.push_str(&self.reference(place, name)?);
            }
            rest = behind;
        }
        resolved.push_str(rest);
        Ok(resolved)
    }

    fn condition(&self, place: &str, name: &str) -> Result<bool, TemplateError> {
        let rule = self.document.get("Conditions").and_then(|all| all.get(name));
        self.holds(place, rule.ok_or_else(|| problem(place, format!("there is no condition {name}")))?)
    }

    fn holds(&self, place: &str, rule: &Value) -> Result<bool, TemplateError> {
        let unknown = || problem(place, "a condition is not made of Equals, Not, And, Or and Condition");
        let (function, arguments) = match rule {
            Value::Object(map) if map.len() == 1 => map.iter().next().ok_or_else(unknown)?,
            _ => return Err(unknown()),
        };
        match (function.as_str(), arguments) {
            ("Condition", Value::String(name)) => self.condition(place, name),
            ("Fn::Equals", Value::Array(sides)) => match sides.as_slice() {
                [left, right] => Ok(self.text(place, left)? == self.text(place, right)?),
                _ => Err(unknown()),
            },
            ("Fn::Not", Value::Array(rules)) => match rules.as_slice() {
                [rule] => Ok(!self.holds(place, rule)?),
                _ => Err(unknown()),
            },
            ("Fn::And", Value::Array(rules)) => {
                rules.iter().try_fold(true, |all, rule| Ok(all & self.holds(place, rule)?))
            }
            ("Fn::Or", Value::Array(rules)) => {
                rules.iter().try_fold(false, |any, rule| Ok(any | self.holds(place, rule)?))
            }
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_combine_as_in_cloudformation() {
        let yes = json!({"Fn::Equals": ["a", "a"]});
        let no = json!({"Fn::Equals": ["a", "b"]});
        let document = json!({"Conditions": {"Yes": yes, "No": no}});
        let deployment = Deployment::default();
        let resolver = Resolver::new(&document, &deployment);
        for (rule, expected) in [
            (json!({"Condition": "Yes"}), true),
            (json!({"Condition": "No"}), false),
            (json!({"Fn::Not": [no]}), true),
            (json!({"Fn::And": [yes, no]}), false),
            (json!({"Fn::And": [yes, yes]}), true),
            (json!({"Fn::Or": [no, yes]}), true),
            (json!({"Fn::Or": [no, no]}), false),
        ] {
            assert_eq!(resolver.holds("here", &rule).unwrap(), expected, "{rule}");
        }
        for rule in [json!("Yes"), json!({"Fn::Not": []}), json!({"Fn::Xor": [yes]}), json!({"Condition": "Other"})] {
            assert!(resolver.holds("here", &rule).is_err(), "{rule}");
        }
    }

    #[test]
    fn a_substitution_can_bring_its_own_variables() {
        let (document, deployment) = (json!({}), Deployment::default());
        let resolver = Resolver::new(&document, &deployment);
        let value = json!({"Fn::Sub": ["${Own}:${AWS::Region}", {"Own": {"Ref": "AWS::AccountId"}}]});
        assert_eq!(resolver.text("here", &value).unwrap(), "000000000000:eu-central-1");
    }
}
