use super::super::OperatorCancel;
use super::{house, value};
use crate::model::{FlowStatus, SessionKey};

#[tokio::test]
async fn records_tell_everything() {
    let house = house();
    let flow = house.create(r#"{"goal":"g"}"#).await;
    house.session.run_task(&flow, r#"{"runtime":"acp","task":"t"}"#).await.unwrap();
    house.put_flow("other", |flow| flow.owner = SessionKey::new("agent:ci:main")).await;
    assert_eq!(house.flows.all_flows(None).unwrap().len(), 2);
    assert_eq!(house.flows.all_flows(Some(FlowStatus::Running)).unwrap().len(), 0);
    for token in [flow.as_str(), "agent:main:main"] {
        let record = value(&house.flows.find(token).unwrap().unwrap().to_json());
        assert_eq!(record["flowId"], flow);
        assert_eq!(record["ownerKey"], "agent:main:main");
        assert_eq!(record["tasks"][0]["ownerKey"], "agent:main:main");
        assert_eq!(record["taskSummary"]["active"], 1);
    }
    assert!(house.flows.find("nope").unwrap().is_none());
}

#[tokio::test]
async fn cancelling_goes_by_id_or_session_and_the_server_sees_it() {
    let house = house();
    let flow = house.create(r#"{"goal":"g"}"#).await;
    assert!(matches!(house.flows.cancel_as_operator("nope").await.unwrap(), OperatorCancel::NotFound));
    let cancelled = house.flows.cancel_as_operator("agent:main:main").await.unwrap();
    assert!(matches!(cancelled, OperatorCancel::Cancelled(record) if record.flow.status == FlowStatus::Cancelled));
    assert_eq!(house.get(&flow)["status"], "cancelled");
    let again = house.flows.cancel_as_operator(&flow).await.unwrap();
    assert!(matches!(again, OperatorCancel::Refused(_, why) if why == "Flow is already cancelled."));
    house.clock.advance(1);
    let busy = house.create(r#"{"goal":"g"}"#).await;
    house.put_task(&busy, |_| {}).await;
    assert!(matches!(house.flows.cancel_as_operator(&busy).await.unwrap(), OperatorCancel::Pending(_)));
}
