//! What a process starts with. This is the only place that reads the process's environment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use switchboard_core::{Clock, SystemClock};
use switchboard_store::{BucketConfig, HttpClient};

use crate::aws_http::AwsHttp;
use crate::config::Config;

/// Names and values, as a process's environment has them.
pub type Environment = BTreeMap<String, String>;

/// How long one attempt of a request to AWS may take, connecting included. Both services answer within tens of milliseconds, or
/// not at all.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(2_000);
/// How long all attempts of a request to AWS may take together.
const OPERATION_TIMEOUT: Duration = Duration::from_millis(4_500);

/// What every function starts from: an environment, a clock, and what is needed to reach AWS. Nothing is fetched yet.
#[derive(Clone)]
pub struct Boot {
    environment: Arc<Environment>,
    clock: Arc<dyn Clock>,
    http: HttpClient,
    asked: Arc<Mutex<BTreeSet<String>>>,
}

impl Boot {
    /// Starts from the process's environment and the system's clock, and sets up the log.
    ///
    /// # Errors
    /// If the log cannot be set up: something in the process did so before.
    #[expect(
        clippy::unused_async,
        reason = "the start of a function is the one place where asynchronous set-up may come to stand"
    )]
    pub async fn start() -> Result<Self, lambda_http::Error> {
        let environment: Environment = std::env::vars().collect();
        crate::log::install(&environment)?;
        Ok(Self::new(environment, Arc::new(SystemClock)))
    }

    /// Starts from a given environment and clock: what a process that holds several functions does.
    #[must_use]
    pub fn new(environment: Environment, clock: Arc<dyn Clock>) -> Self {
        let (http, asked) = (crate::http_client::lazy_http_client(), Arc::default());
        Self { environment: Arc::new(environment), clock, http, asked }
    }

    /// A reader of this environment's settings.
    #[must_use]
    pub fn config(&self) -> Config<'_> {
        Config::new(&self.environment, &self.asked)
    }

    /// The names of all settings that have been asked for. The repository's checks compare them with the template.
    #[must_use]
    pub fn settings_asked(&self) -> BTreeSet<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// The HTTP client, for AWS, providers and the bucket alike; built when it is first used.
    #[must_use]
    pub fn http(&self) -> HttpClient {
        Arc::clone(&self.http)
    }

    /// The DynamoDB client.
    #[must_use]
    pub fn dynamodb(&self, aws: &AwsSettings) -> aws_sdk_dynamodb::Client {
        let mut config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(aws_sdk_dynamodb::config::Region::new(aws.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(aws.credentials.clone()))
            .http_client(AwsHttp(self.http()))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(RetryConfig::standard())
            .timeout_config(timeouts());
        if let Some(endpoint) = &aws.dynamodb_endpoint {
            config = config.endpoint_url(endpoint);
        }
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// The Secrets Manager client.
    #[must_use]
    pub fn secrets_manager(&self, aws: &AwsSettings) -> aws_sdk_secretsmanager::Client {
        let mut config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(aws_sdk_secretsmanager::config::BehaviorVersion::latest())
            .region(aws_sdk_secretsmanager::config::Region::new(aws.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(aws.credentials.clone()))
            .http_client(AwsHttp(self.http()))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(RetryConfig::standard())
            .timeout_config(timeouts());
        if let Some(endpoint) = &aws.secrets_manager_endpoint {
            config = config.endpoint_url(endpoint);
        }
        aws_sdk_secretsmanager::Client::from_conf(config.build())
    }
}

impl fmt::Debug for Boot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Boot").field("settings", &self.environment.len()).finish_non_exhaustive()
    }
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).operation_timeout(OPERATION_TIMEOUT).build()
}

/// Who we are to AWS and where it is. The names are the ones that every AWS SDK reads; Lambda sets the first four.
#[derive(Clone)]
pub struct AwsSettings {
    /// `AWS_REGION`.
    pub region: String,
    credentials: Credentials,
    dynamodb_endpoint: Option<String>,
    secrets_manager_endpoint: Option<String>,
    s3_endpoint: Option<String>,
}

impl AwsSettings {
    /// Reads `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_ENDPOINT_URL_DYNAMODB`,
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`, `AWS_ENDPOINT_URL_S3`. Reading them here instead of through the SDK's chain of credential
    /// providers saves its start-up time and its size; Lambda gives credentials in no other way.
    pub fn read(config: &mut Config<'_>) -> Self {
        let credentials = Credentials::new(
            config.required("AWS_ACCESS_KEY_ID"),
            config.required("AWS_SECRET_ACCESS_KEY"),
            config.optional("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        Self {
            region: config.required("AWS_REGION"),
            credentials,
            dynamodb_endpoint: config.optional("AWS_ENDPOINT_URL_DYNAMODB"),
            secrets_manager_endpoint: config.optional("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
            s3_endpoint: config.optional("AWS_ENDPOINT_URL_S3"),
        }
    }

    /// What is needed to use a bucket.
    #[must_use]
    pub fn bucket(&self, name: String) -> BucketConfig {
        BucketConfig {
            name,
            region: self.region.clone(),
            endpoint: self.s3_endpoint.clone(),
            credentials: self.credentials.clone(),
        }
    }
}

impl fmt::Debug for AwsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsSettings").field("region", &self.region).finish_non_exhaustive()
    }
}
