//! The template's reading, on a small one of its own and on the one that is deployed.

use super::*;

const SMALL: &str = r"
Parameters:
  Stage: { Type: String, Default: dev }
  Depth: { Type: Number, Default: 7 }
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Globals:
  Function:
    Timeout: 9
    Environment:
      Variables: { STAGE: !Ref Stage, SHARED: global }
Resources:
  Table: { Type: 'AWS::DynamoDB::Table' }
  EchoFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/echo-back/
      MemorySize: !If [IsProd, 512, 256]
      Environment:
        Variables:
          SHARED: own
          TABLE: !Ref Table
          ARN: !GetAtt Table.Arn
          NAME: !Sub '${AWS::StackName}-${Stage}-${Depth}-${!literal}'
          PATHS: !Join [',', [a, !Ref Stage]]
          MAYBE: !If [IsProd, 'yes', 'no']
      Events:
        One: { Type: HttpApi, Properties: { Path: '/a/{id}', Method: post } }
        Rest: { Type: HttpApi }
        Tick: { Type: Schedule, Properties: { Schedule: rate(1 minute) } }
";

fn deployment(stage: &str) -> Deployment {
    let text = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Deployment {
        parameters: text(&[("Stage", stage)]),
        resources: text(&[("Table", "local-table")]),
        attributes: text(&[("Table.Arn", "arn:local-table")]),
    }
}

#[test]
fn a_function_is_told_as_it_would_be_deployed() {
    let functions = Template::parse(SMALL).unwrap().functions(&deployment("prod")).unwrap();
    let [echo] = functions.as_slice() else { panic!("{functions:?}") };
    assert_eq!((echo.name.as_str(), echo.logical_id.as_str()), ("echo-back", "EchoFunction"));
    assert_eq!((echo.timeout, echo.memory_mb), (Duration::from_secs(9), 512));
    let routes: Vec<(&str, &str)> = echo.routes.iter().map(|(m, p)| (m.as_str(), p.as_str())).collect();
    assert_eq!(routes, [("POST", "/a/{id}"), ("ANY", "$default")]);
    let environment: Vec<(&str, &str)> = echo.environment.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(
        environment,
        [
            ("ARN", "arn:local-table"),
            ("MAYBE", "yes"),
            ("NAME", "switchboard-local-prod-7-${literal}"),
            ("PATHS", "a,prod"),
            ("SHARED", "own"),
            ("STAGE", "prod"),
            ("TABLE", "local-table"),
        ]
    );
}

#[test]
fn defaults_hold_where_a_deployment_chooses_nothing() {
    let mut chosen = deployment("dev");
    chosen.parameters.clear();
    let functions = Template::parse(SMALL).unwrap().functions(&chosen).unwrap();
    assert_eq!(functions[0].memory_mb, 256);
    assert_eq!(functions[0].environment["STAGE"], "dev");
}

#[test]
fn what_cannot_be_resolved_is_named_with_its_place() {
    for (from, to, expected) in [
        ("!Ref Table", "!Ref Nothing", "EchoFunction, TABLE: Nothing is neither a parameter nor a resource"),
        ("!GetAtt Table.Arn", "!GetAtt Table.Nothing", "EchoFunction, ARN: Table.Nothing"),
        ("Default: 7", "Default: 7.0", "quote the number"),
        ("!If [IsProd, 'yes'", "!If [IsTest, 'yes'", "IsTest"),
        ("!Join [',', [a", "!Transform [',', [a", "Fn::Transform"),
        ("${!literal}", "${!literal", "unfinished"),
        ("CodeUri: functions/echo-back/", "Handler: x", "CodeUri"),
        ("Timeout: 9", "Timeout: soon", "Timeout is soon"),
        ("Default: dev", "Default: [", "not YAML"),
    ] {
        assert!(SMALL.contains(from), "{from}");
        let outcome = Template::parse(&SMALL.replace(from, to)).and_then(|template| {
            let mut chosen = deployment("dev");
            chosen.parameters.clear();
            template.functions(&chosen)
        });
        let message = outcome.unwrap_err().to_string();
        assert!(message.contains(expected), "{to}: {message}");
    }
}

#[test]
fn the_deployed_template_gives_every_function_its_routes_and_a_resolved_environment() {
    let text = include_str!("../../../../../template.yaml");
    let mut deployment = Deployment::default();
    deployment.resources.insert("Table".to_owned(), "local-table".to_owned());
    deployment.resources.insert("Bucket".to_owned(), "local-bucket".to_owned());
    let functions = Template::parse(text).unwrap().functions(&deployment).unwrap();
    // The order of a JSON object's members is a matter of which features the workspace's build unifies.
    let mut named: Vec<&str> = functions.iter().map(|function| function.name.as_str()).collect();
    named.sort_unstable();
    let expected = [
        "admin",
        "agents",
        "call-create",
        "call-end",
        "call-read",
        "health",
        "process",
        "realtime-token",
        "session",
        "sweep",
        "webhook",
    ];
    assert_eq!(named, expected);
    for function in &functions {
        assert_eq!(function.routes.is_empty(), function.name == "sweep", "only the schedule has no route");
        assert_eq!(function.environment["TABLE_NAME"], "local-table", "{}", function.name);
        let gateway_waits = function.routes.is_empty() || function.timeout < Duration::from_secs(30);
        assert!(gateway_waits, "{}", function.name);
    }
}
