//! The deployment's settings: Spin variables. An empty one counts as not set.

use crate::context::Cx;
use crate::problem::Problem;
use spin_sdk::variables;

impl Cx {
    /// A variable, if it is set. Read anew each time, so that a rotated secret counts at once.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, Problem> {
        match variables::get(name).await {
            Ok(value) if value.is_empty() => Ok(None),
            Ok(value) => Ok(Some(value)),
            Err(variables::Error::Undefined(_)) => Ok(None),
            Err(error) => Err(Problem::internal(format!("variable {name}: {error:?}"))),
        }
    }

    /// The secrets that a variable lists, separated by spaces or commas: more than one while one is being replaced.
    pub async fn secrets(&self, name: &str) -> Result<Vec<String>, Problem> {
        let listed = self.setting(name).await?.unwrap_or_default();
        let secrets = listed.split([' ', ',']).filter(|secret| !secret.is_empty());
        Ok(secrets.map(str::to_owned).collect())
    }

    /// A variable that the manifest gives a default.
    pub async fn required_setting(&self, name: &str) -> Result<String, Problem> {
        self.setting(name)
            .await?
            .ok_or_else(|| Problem::internal(format!("variable {name} is not set")))
    }
}
