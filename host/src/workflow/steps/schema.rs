//! JSON Schemas: what a model or a person answers, held against what the workflow's author wrote.

use jsonschema::Validator;
use serde_json::Value;

/// Complaints in one sentence.
const COMPLAINTS_MAX: usize = 5;

/// Why the value is not what the schema says; nothing if it is. A schema that is none is a complaint too. No schema is fetched from elsewhere.
pub(in crate::workflow) fn complaint(schema: &Value, value: &Value) -> Option<String> {
    let validator: Validator = match jsonschema::validator_for(schema) {
        Ok(validator) => validator,
        Err(error) => return Some(format!("the schema itself cannot be used: {error}")),
    };
    let complaints: Vec<String> = validator
        .iter_errors(value)
        .take(COMPLAINTS_MAX)
        .map(|error| match error.instance_path().to_string() {
            path if path.is_empty() => error.to_string(),
            path => format!("{path}: {error}"),
        })
        .collect();
    (!complaints.is_empty()).then(|| complaints.join("; "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::complaint;

    #[test]
    fn a_value_is_held_against_its_schema() {
        let schema = json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}});
        assert_eq!(complaint(&schema, &json!({"n": 1})), None);
        assert!(complaint(&schema, &json!({})).is_some());
        assert!(complaint(&schema, &json!({"n": "x"})).is_some_and(|why| why.starts_with("/n: ")));
        assert!(complaint(&json!({"type": "no such type"}), &json!(1)).is_some());
    }

    #[test]
    fn nothing_is_fetched_for_a_schema() {
        let complaint = complaint(&json!({"$ref": "http://127.0.0.1:9/schema.json"}), &json!(1));
        assert!(complaint.is_some_and(|why| why.contains("cannot be used")));
    }
}
