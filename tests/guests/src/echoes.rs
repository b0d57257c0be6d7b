//! Well-behaved: answers with what it was told of the request.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct Echoes;

impl Action for Echoes {
    fn handle<S: Session>(_session: &S, request: &Request) -> Result<Reply, Error> {
        let headers: Vec<String> =
            request.headers().into_iter().map(|header| format!("{}={}", header.name, header.value)).collect();
        let told = serde_json::json!({
            "routeId": request.route_id(),
            "query": request.query(),
            "header": request.header("X-Github-Event"),
            "authorization": request.header("authorization"),
            "headers": headers,
            "body": request.json::<serde_json::Value>()?,
        });
        Ok(Reply::ok(told.to_string()))
    }
}

sandclaw_sdk::export_action!(Echoes);
