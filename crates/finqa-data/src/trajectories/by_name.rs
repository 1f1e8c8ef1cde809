//! Episodes as JSON objects whose flags, checks and dimensions stand under their names.

use finqa_core::behaviour::{Check, Flag};
use finqa_core::rubric::Dimension;
use finqa_core::trajectory::EpisodeRecord;
use serde_json::{Map, Value as Json};

/// Reads an episode from a JSON object with the members of [`EpisodeRecord`]; `flags` is an object of booleans,
/// `checks` and `dimensions` are objects of numbers or nulls. What is missing is unknown.
///
/// # Errors
/// Names the member that does not exist or holds something else than it should.
///
/// ```
/// use serde_json::json;
/// use finqa_core::behaviour::Flag;
///
/// let object = json!({"task_id": "t1", "flags": {"listed": true}, "checks": {"budget": 0.5}});
/// let episode = finqa_data::trajectories::episode_from_json(object)?;
/// assert_eq!(episode.flags, 1 << Flag::Listed as u32);
/// # Ok::<(), String>(())
/// ```
pub fn episode_from_json(value: Json) -> Result<EpisodeRecord, String> {
    let Json::Object(mut members) = value else {
        return Err("an episode must be an object".into());
    };
    let known = serde_json::to_value(EpisodeRecord::default()).map_err(|e| e.to_string())?;
    if let Some(name) = members
        .keys()
        .find(|name| known.get(name.as_str()).is_none())
    {
        return Err(format!("there is no column {name:?}"));
    }
    let mut flags = 0_u32;
    for (name, value) in object(members.remove("flags"), "flags")? {
        let flag = Flag::parse(&name).ok_or_else(|| format!("flags: {name:?} is unknown"))?;
        let set = value
            .as_bool()
            .ok_or_else(|| format!("flags.{name} is {value}; true or false is needed"))?;
        flags |= u32::from(set) << flag as u8;
    }
    let mut dimensions = [None; 6];
    for (name, value) in object(members.remove("dimensions"), "dimensions")? {
        let place = Dimension::SCORED.iter().position(|d| d.name() == name);
        let place = place.ok_or_else(|| format!("dimensions: {name:?} is unknown"))?;
        dimensions[place] = number(&value, "dimensions", &name)?;
    }
    let mut checks = [None; Check::COUNT];
    for (name, value) in object(members.remove("checks"), "checks")? {
        let check = Check::parse(&name).ok_or_else(|| format!("checks: {name:?} is unknown"))?;
        checks[check as usize] = number(&value, "checks", &name)?;
    }
    // One by one first: serde names the value that it cannot read, but not the member.
    for (name, value) in &members {
        let mut one = Map::new();
        one.insert(name.clone(), value.clone());
        serde_json::from_value::<EpisodeRecord>(one.into()).map_err(|e| format!("{name}: {e}"))?;
    }
    let episode: EpisodeRecord =
        serde_json::from_value(members.into()).map_err(|e| e.to_string())?;
    Ok(EpisodeRecord {
        flags,
        dimensions,
        checks,
        ..episode
    })
}

fn object(value: Option<Json>, name: &str) -> Result<Map<String, Json>, String> {
    match value {
        None | Some(Json::Null) => Ok(Map::new()),
        Some(Json::Object(members)) => Ok(members),
        Some(other) => Err(format!("{name} is {other}; an object by name is needed")),
    }
}

fn number(value: &Json, group: &str, name: &str) -> Result<Option<f32>, String> {
    match value {
        Json::Null => Ok(None),
        Json::Number(number) => Ok(number.as_f64().map(|n| n as f32)),
        other => Err(format!(
            "{group}.{name} is {other}; a number or null is needed"
        )),
    }
}
