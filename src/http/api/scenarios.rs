//! Scenarios of the sandbox: what becomes of a charge, as data.

use crate::base::problem::ProblemCode as Code;
use crate::http::openapi::problems::refused;
use crate::http::route;
use crate::http::{
    Problem, answer,
    extract::{Change, Sandbox},
};
use crate::{
    base::invalid::Invalid,
    domain::{
        clocks::Advance,
        rails::sandbox::{First, Scenario, Then, Webhook},
    },
};
use actix_web::{HttpResponse, http::StatusCode, web};
use serde::{Deserialize, Serialize};

/// Most words for how a step is told.
const MOST_WEBHOOKS: usize = 3;

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/sandbox/scenarios").route(route::post(create)));
}

crate::names! {
    /// What a step is about.
    pub enum StepOn {
        /// The charge.
        Charge = "charge",
    }
}

/// What becomes of a charge.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioRequest {
    /// One step, about the charge.
    #[schema(min_items = 1, max_items = 1)]
    steps: Vec<StepRequest>,
}

/// A step of a scenario.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepRequest {
    /// What it is about.
    on: StepOn,
    /// What is answered at first.
    answer: First,
    /// When something else happens, in the merchant's time: a whole number and its unit, `s`, `m`, `h`, `d`
    /// or `w`; at once if left out.
    #[serde(default)]
    #[schema(pattern = "^[1-9][0-9]{0,7}[smhdw]$", example = "3s")]
    after: Option<String>,
    /// What happens then. Where the answer is `lost` and nothing is said, it has succeeded.
    #[serde(default)]
    then: Option<Then>,
    /// How it is told beside the answer: `first`, before it; `twice` each time; `late`, by an hour; `none`,
    /// so that you must ask. Once, when it happens, if left out.
    #[serde(default)]
    #[schema(max_items = 3)]
    webhooks: Vec<Webhook>,
}

/// A scenario.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ScenarioObject {
    /// Always `sandbox_scenario`.
    object: &'static str,
    /// What to confirm with. It says the scenario itself, and does not end.
    #[schema(example = "pm_sandbox_scenario.lost.3s.succeeded.twice")]
    payment_method: String,
}

impl ScenarioRequest {
    fn parse(&self) -> Result<Scenario, Invalid> {
        let [step] = self.steps.as_slice() else {
            return Err(Invalid::field("/steps", "must be one step"));
        };
        let StepOn::Charge = step.on;
        if step.webhooks.len() > MOST_WEBHOOKS {
            let detail = format!("must be at most {MOST_WEBHOOKS}");
            return Err(Invalid::field("/steps/0/webhooks", detail));
        }
        let after = step.after.as_deref().map(str::parse::<Advance>);
        let after = after.transpose().map_err(|fault| Invalid {
            param: "/steps/0/after".to_owned(),
            ..fault
        })?;
        let seconds = after.map_or(0, |after| after.span().whole_seconds());
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        let scenario = Scenario::new(step.answer, (seconds, step.then), &step.webhooks);
        scenario.map_err(|error| Invalid::field("/steps/0", error.to_string()))
    }
}

/// Make a scenario
///
/// Says what becomes of a sandbox charge, when, and how it is told, as a payment method: an answer that is
/// lost, a payment that succeeds in three days or after it was declined, webhooks that come first, twice,
/// late or not at all, a dispute after a month. `POST /v1/sandbox/clock` makes it happen within a second.
#[utoipa::path(post, path = "/v1/sandbox/scenarios", tag = "Sandbox",
    operation_id = "create_sandbox_scenario",
    request_body = ScenarioRequest,
    responses(
        (status = 201, description = "The scenario.", body = ScenarioObject),
        (status = 422, description = refused(&[Code::InvalidRequest, Code::UnknownField])),
    ))]
pub async fn create(change: Change<Sandbox, ScenarioRequest>) -> Result<HttpResponse, Problem> {
    // The same request makes the same scenario, so that there is nothing to keep.
    let (request, _) = change.split();
    let scenario = request.parse()?;
    let mut made = answer::object(&ScenarioObject {
        object: "sandbox_scenario",
        payment_method: scenario.to_string(),
    })?;
    *made.status_mut() = StatusCode::CREATED;
    Ok(made)
}
