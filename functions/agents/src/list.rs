//! `GET /api/agents`, `GET /api/numbers`: page after page of one provider, or of each in its turn.
//!
//! A page is what the provider gives at once, without what is not the caller's; so it may be short, or empty, and only a
//! `null` cursor ends the list.

use std::future::Future;
use std::pin::Pin;

use http::StatusCode;
use switchboard_auth::{Caller, Cursor};
use switchboard_core::ProviderId;
use switchboard_lambda::{ApiError, Reply, Request};
use switchboard_providers::{Agents, Page, ProviderError};
use switchboard_store::AgentClaim;

use crate::offers::{Offers, is_not_configured, provider_asked, provider_named};
use crate::out::{AgentOut, AgentsOut, NumberOut, NumbersOut};
use crate::{App, Operation};

/// Which of a provider's lists is read.
type Ask<T> = for<'a> fn(&'a dyn Agents, u32) -> Asked<'a, T>;
type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<Page<T>, ProviderError>> + Send + 'a>>;

/// Where a list goes on: a page of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    provider: ProviderId,
    page: u32,
}

impl Place {
    fn first(provider: ProviderId) -> Self {
        Self { provider, page: 1 }
    }

    fn read(position: &str) -> Option<Self> {
        let (provider, page) = position.split_once('/')?;
        Some(Self { provider: provider_named(provider)?, page: page.parse().ok()? })
    }

    fn write(self) -> String {
        format!("{}/{}", self.provider, self.page)
    }
}

/// A page of one provider, and where the list goes on.
struct Found<T> {
    provider: ProviderId,
    items: Vec<T>,
    next: Option<Place>,
}

pub(crate) async fn agents(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let (list, wanted, start) = opened(app, caller, request, "agents").await?;
    let Some(start) = start else {
        return Reply::json(StatusCode::OK, &AgentsOut { agents: vec![], next_cursor: None });
    };
    let found = page(&app.offers, wanted, start, |agents, page| agents.list(page)).await?;
    let ids: Vec<&str> = found.items.iter().map(|agent| agent.id.as_str()).collect();
    let claims = app.shell.store.agent_claims_fetch(found.provider, &ids).await?;
    let is_own = |id: &str| AgentClaim::is_of(claims.get(id), caller.tenant(), &app.owner);
    let own = found.items.into_iter().filter(|agent| is_own(agent.id.as_str()));
    let agents = own.map(|agent| AgentOut::new(found.provider, agent)).collect();
    let next_cursor = app.shell.cursor_sealed(found.next.map(Place::write), &list).await?;
    Reply::json(StatusCode::OK, &AgentsOut { agents, next_cursor })
}

pub(crate) async fn numbers(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let (list, wanted, start) = opened(app, caller, request, "numbers").await?;
    // Numbers have no other owner than the accounts'; everybody else has none.
    let Some(start) = start.filter(|_| *caller.tenant() == app.owner) else {
        return Reply::json(StatusCode::OK, &NumbersOut { numbers: vec![], next_cursor: None });
    };
    let found = page(&app.offers, wanted, start, |agents, page| agents.numbers(page)).await?;
    let numbers = found.items.into_iter().map(|number| NumberOut::new(found.provider, number)).collect();
    let next_cursor = app.shell.cursor_sealed(found.next.map(Place::write), &list).await?;
    Reply::json(StatusCode::OK, &NumbersOut { numbers, next_cursor })
}

/// The list's name for its cursors, the provider that is asked for, and where to begin; there is no place to begin where no
/// provider has such things.
async fn opened(
    app: &App,
    caller: &Caller,
    request: &Request<Operation>,
    kind: &str,
) -> Result<(String, Option<ProviderId>, Option<Place>), ApiError> {
    let wanted = provider_asked(request)?;
    if let Some(provider) = wanted {
        app.offers.agents_of(provider)?;
    }
    let list = format!("{}/{kind}/{}", caller.tenant(), wanted.map_or("all", ProviderId::as_str));
    let cursor = app.shell.cursor_opened(request, &list).await?;
    let start = match cursor.as_ref().map(Cursor::position) {
        Some(position) => Place::read(position),
        None => wanted.or_else(|| app.offers.all().next()).map(Place::first),
    };
    Ok((list, wanted, start))
}

/// The page at a place. Where all providers are asked, those that we have no credentials for are passed over.
async fn page<T>(offers: &Offers, wanted: Option<ProviderId>, start: Place, ask: Ask<T>) -> Result<Found<T>, ApiError> {
    let mut place = start;
    loop {
        let following = if wanted.is_none() { after(offers, place.provider).map(Place::first) } else { None };
        match ask(offers.agents_of(place.provider)?, place.page).await {
            Ok(Page { items, next }) => {
                let next = next.map(|page| Place { page, ..place }).or(following);
                return Ok(Found { provider: place.provider, items, next });
            }
            Err(error) if wanted.is_none() && is_not_configured(&error) => match following {
                Some(next) => place = next,
                None => return Ok(Found { provider: place.provider, items: Vec::new(), next: None }),
            },
            Err(error) => return Err(error.into()),
        }
    }
}

/// The provider behind this one.
fn after(offers: &Offers, provider: ProviderId) -> Option<ProviderId> {
    offers.all().skip_while(|known| *known != provider).nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        let place = Place { provider: ProviderId::Hamsa, page: 7 };
        assert_eq!(Place::read(&place.write()), Some(place));
        for wrong in ["", "hamsa", "hamsa/", "hamsa/-1", "nobody/1"] {
            assert_eq!(Place::read(wrong), None, "{wrong:?}");
        }
    }
}
