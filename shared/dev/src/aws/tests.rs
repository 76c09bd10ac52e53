//! The stand-ins as the real SDKs see them: over a socket, behind the guard.

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, ConditionCheck, KeySchemaElement, KeyType, Put,
    ScalarAttributeType, TransactWriteItem,
};
use aws_sdk_secretsmanager::error::SdkError;
use aws_smithy_http_client::Builder;
use switchboard_core::Timestamp;

use super::*;
use crate::clock::ScriptedClock;
use crate::guard::{Guard, guard};
use crate::ledger::Ledger;
use crate::listener::{Listener, Serving};

async fn serve(router: axum::Router) -> (String, Serving) {
    let listener = Listener::bind(0).await.unwrap();
    let url = format!("http://localhost:{}", listener.port());
    (url, listener.serve(&guard(router, Guard::product(""))))
}

fn credentials() -> Credentials {
    Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test")
}

#[tokio::test]
async fn the_sdk_speaks_to_the_database() {
    let (url, serving) = serve(dynamodb::router(dynamodb::open(None).unwrap())).await;
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(aws_sdk_dynamodb::config::Region::new(REGION))
        .credentials_provider(credentials())
        .http_client(Builder::new().build_http())
        .endpoint_url(url)
        .build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let kind = ScalarAttributeType::S;
    client
        .create_table()
        .table_name("table")
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(
            AttributeDefinition::builder().attribute_name("pk").attribute_type(kind).build().unwrap(),
        )
        .key_schema(KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash).build().unwrap())
        .send()
        .await
        .unwrap();
    client.put_item().table_name("table").item("pk", text("a")).item("v", text("1")).send().await.unwrap();
    let got = client.get_item().table_name("table").key("pk", text("a")).send().await.unwrap();
    assert_eq!(got.item.unwrap()["v"], text("1"));
    let put = Put::builder().table_name("table").item("pk", text("b")).build().unwrap();
    let check = ConditionCheck::builder()
        .table_name("table")
        .key("pk", text("none"))
        .condition_expression("attribute_exists(pk)")
        .build()
        .unwrap();
    let cancelled = client
        .transact_write_items()
        .transact_items(TransactWriteItem::builder().put(put).build())
        .transact_items(TransactWriteItem::builder().condition_check(check).build())
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        cancelled,
    ) = cancelled
    else {
        panic!("{cancelled:?}")
    };
    let codes: Vec<Option<&str>> = cancelled.cancellation_reasons().iter().map(|reason| reason.code()).collect();
    assert_eq!(codes, [Some("None"), Some("ConditionalCheckFailed")]);
    serving.stop().await;
}

#[tokio::test]
async fn the_sdk_speaks_to_the_secrets() {
    let clock = ScriptedClock::fixed(Timestamp::parse("2026-11-20T12:00:00.250Z").unwrap());
    let ledger = Ledger::open(dynamodb::open(None).unwrap()).unwrap();
    let (url, serving) = serve(secrets_manager::router(ledger, clock)).await;
    let config = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(aws_sdk_secretsmanager::config::BehaviorVersion::latest())
        .region(aws_sdk_secretsmanager::config::Region::new(REGION))
        .credentials_provider(credentials())
        .http_client(Builder::new().build_http())
        .endpoint_url(url)
        .build();
    let client = aws_sdk_secretsmanager::Client::from_conf(config);
    client.create_secret().name("s").secret_string("one").send().await.unwrap();
    let put = client.put_secret_value().secret_id("s").secret_string("two").send().await.unwrap();
    assert_eq!(put.version_stages(), ["AWSCURRENT"]);
    let got = client.get_secret_value().secret_id("s").send().await.unwrap();
    assert_eq!((got.secret_string(), got.version_id()), (Some("two"), put.version_id()));
    assert_eq!(got.created_date().unwrap().to_millis().unwrap(), 1_795_176_000_250);
    let previous = client.get_secret_value().secret_id("s").version_stage("AWSPREVIOUS").send().await.unwrap();
    assert_eq!(previous.secret_string(), Some("one"));
    let described = client.describe_secret().secret_id("s").send().await.unwrap();
    assert_eq!(described.version_ids_to_stages().unwrap().len(), 2);
    assert_eq!(client.list_secrets().send().await.unwrap().secret_list().len(), 1);
    let SdkError::ServiceError(missing) = client.get_secret_value().secret_id("none").send().await.unwrap_err() else {
        panic!("another error")
    };
    assert!(missing.err().is_resource_not_found_exception());
    serving.stop().await;
}
