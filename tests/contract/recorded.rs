//! What a real server said: `recorded/*.json`, one file a story, normalised.

use serde_json::Value;
use serde_json::json;

use crate::play::Answers;
use crate::story;
use crate::story::Story;

/// The recorded answers of a story; none when it was never played on a real server.
pub(crate) fn read(story: &Story) -> Answers {
    let file = story::folder().join(format!("recorded/{}.json", story.name));
    let Ok(text) = std::fs::read_to_string(file) else {
        return Answers::new();
    };
    let all: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(all["answers"].clone()).unwrap()
}

/// Writes the answers of a story down.
pub(crate) fn write(story: &Story, version: &str, answers: &Answers) {
    let all = json!({ "server": version, "answers": answers });
    let mut text = serde_json::to_string_pretty(&all).unwrap();
    text.push('\n');
    let folder = story::folder().join("recorded");
    std::fs::write(folder.join(format!("{}.json", story.name)), text).unwrap();
}
