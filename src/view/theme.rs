//! Themes: which style each role wears. The only place that turns words into colours.
//!
//! A theme is one TOML file (`themes/*.toml`). A file that leaves a role out, names one that does
//! not exist or uses an unknown word is refused with one sentence.

use std::collections::BTreeMap;
use std::path::Path;

use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;
use serde::Deserialize;

use super::role::Role;

const ANSI: &str = include_str!("../../themes/ansi.toml");
const MONO: &str = include_str!("../../themes/mono.toml");

/// The names of the themes that are built in.
pub const BUILT_IN: [&str; 2] = ["ansi", "mono"];

/// Why a theme cannot be worn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// The file is not TOML of the right shape.
    #[error("theme {origin}: {why}; compare it with themes/ansi.toml")]
    Shape {
        /// The file.
        origin: String,
        /// What the reader says, with its line.
        why: String,
    },
    /// A role is missing.
    #[error("theme {origin}: role \"{role}\" is missing; add a line for it under [roles]")]
    Missing {
        /// The file.
        origin: String,
        /// The role.
        role: &'static str,
    },
    /// A role is named that does not exist.
    #[error("theme {origin}: there is no role \"{role}\"; docs/themes.md lists them")]
    NoRole {
        /// The file.
        origin: String,
        /// What the file says.
        role: String,
    },
    /// A style holds a word that is no colour and no attribute.
    #[error(
        "theme {origin}: role \"{role}\" wears \"{word}\", which is no colour and no attribute; docs/themes.md lists them"
    )]
    NoWord {
        /// The file.
        origin: String,
        /// The role.
        role: String,
        /// The word.
        word: String,
    },
    /// No theme has this name.
    #[error("there is no theme \"{0}\"; built in are ansi and mono")]
    NoTheme(String),
}

/// The shape of a theme file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    selection: Selected,
    roles: BTreeMap<String, String>,
}

/// What of a marked row wears the selection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Selected {
    #[default]
    Row,
    Sign,
}

/// Which style each role wears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// True when rules are drawn with `-` and `=`, for terminals without UTF-8.
    pub ascii: bool,
    selected: Selected,
    styles: [Style; Role::COUNT],
}

impl Theme {
    /// Reads a theme; `origin` names the file in errors.
    ///
    /// # Errors
    /// One sentence that names the file, the role and what to do.
    pub fn parse(text: &str, origin: &str) -> Result<Theme, ThemeError> {
        let origin = origin.to_owned();
        let file: File = toml::from_str(text).map_err(|error| ThemeError::Shape {
            origin: origin.clone(),
            why: error.to_string().lines().collect::<Vec<_>>().join(" "),
        })?;
        if let Some(role) = file.roles.keys().find(|name| Role::named(name).is_none()) {
            return Err(ThemeError::NoRole {
                origin,
                role: role.clone(),
            });
        }
        let mut styles = [Style::new(); Role::COUNT];
        for role in Role::all() {
            let Some(words) = file.roles.get(role.name()) else {
                return Err(ThemeError::Missing {
                    origin,
                    role: role.name(),
                });
            };
            styles[role.place()] = style(words).map_err(|word| ThemeError::NoWord {
                origin: origin.clone(),
                role: role.name().to_owned(),
                word,
            })?;
        }
        Ok(Theme {
            name: file.name,
            ascii: false,
            selected: file.selection,
            styles,
        })
    }

    /// The built-in theme of that name.
    ///
    /// # Errors
    /// Names the themes there are.
    pub fn built_in(name: &str) -> Result<Theme, ThemeError> {
        match name {
            "ansi" => Theme::parse(ANSI, "themes/ansi.toml"),
            "mono" => Theme::parse(MONO, "themes/mono.toml"),
            other => Err(ThemeError::NoTheme(other.to_owned())),
        }
    }

    /// The theme of that name: a file `NAME.toml` of the user's folder wins over a built-in one.
    ///
    /// # Errors
    /// One sentence when there is no such theme, or when its file will not do.
    pub fn load(name: &str, folder: Option<&Path>, ascii: bool) -> Result<Theme, ThemeError> {
        let plain = !name.contains(['/', '\\', '.']);
        let own = folder
            .filter(|_| plain)
            .map(|folder| folder.join(format!("{name}.toml")));
        let theme = match own.filter(|path| path.exists()) {
            None => Theme::built_in(name)?,
            Some(path) => {
                let origin = path.display().to_string();
                let text = std::fs::read_to_string(&path).map_err(|error| ThemeError::Shape {
                    origin: origin.clone(),
                    why: error.to_string(),
                })?;
                Theme::parse(&text, &origin)?
            }
        };
        Ok(theme.in_ascii(ascii))
    }

    /// The same theme with ASCII rules.
    #[must_use]
    pub fn in_ascii(mut self, ascii: bool) -> Theme {
        self.ascii = ascii;
        self
    }

    /// The style a role wears.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role.place()]
    }

    /// True when the whole marked row wears the selection, not only its sign.
    pub fn marks_row(&self) -> bool {
        self.selected == Selected::Row
    }
}

/// Reads the words of a style; `Err` is the word that is not known.
fn style(words: &str) -> Result<Style, String> {
    let mut style = Style::new();
    let mut words = words.split_whitespace();
    while let Some(word) = words.next() {
        style = match word {
            "default" => style,
            "bold" => style.add_modifier(Modifier::BOLD),
            "dim" => style.add_modifier(Modifier::DIM),
            "reverse" => style.add_modifier(Modifier::REVERSED),
            "underline" => style.add_modifier(Modifier::UNDERLINED),
            "on" => {
                let name = words.next().unwrap_or("on");
                style.bg(colour(name).ok_or_else(|| name.to_owned())?)
            }
            name => style.fg(colour(name).ok_or_else(|| name.to_owned())?),
        };
    }
    Ok(style)
}

/// One of the 16 colours by its name.
fn colour(name: &str) -> Option<Color> {
    Some(match name {
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "white" => Color::Gray,
        "bright-black" => Color::DarkGray,
        "bright-red" => Color::LightRed,
        "bright-green" => Color::LightGreen,
        "bright-yellow" => Color::LightYellow,
        "bright-blue" => Color::LightBlue,
        "bright-magenta" => Color::LightMagenta,
        "bright-cyan" => Color::LightCyan,
        "bright-white" => Color::White,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_built_in_themes_dress_every_role() {
        for name in BUILT_IN {
            assert_eq!(
                Theme::built_in(name).map(|theme| theme.name),
                Ok(name.to_owned())
            );
        }
    }

    #[test]
    fn a_file_of_the_folder_wins_and_an_unknown_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("mono.toml"),
            ANSI.replace("\"ansi\"", "\"mine\""),
        )
        .unwrap();
        let load = |name| Theme::load(name, Some(folder.path()), false).map(|theme| theme.name);
        assert_eq!(load("mono"), Ok("mine".to_owned()));
        assert_eq!(load("ansi"), Ok("ansi".to_owned()));
        assert_eq!(
            load("../mono"),
            Err(ThemeError::NoTheme("../mono".to_owned()))
        );
    }

    #[test]
    fn the_page_on_themes_names_every_role() {
        let page = include_str!("../../docs/themes.md");
        for role in Role::all() {
            assert!(
                page.contains(&format!("`{}`", role.name())),
                "{}",
                role.name()
            );
        }
    }

    #[test]
    fn mono_names_no_colour_but_for_the_picture() {
        let mono = Theme::built_in("mono").unwrap();
        for role in Role::all().filter(|role| *role != Role::Qr) {
            let style = mono.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{}", role.name());
        }
    }

    #[test]
    fn a_bad_theme_is_refused_in_one_sentence() {
        let cases = [
            (
                ANSI.replace("\"crit\" = \"bright-red bold\"\n", ""),
                "role \"crit\" is missing",
            ),
            (
                ANSI.replace("\"crit\" =", "\"krit\" ="),
                "there is no role \"krit\"",
            ),
            (
                ANSI.replace("bright-red bold", "crimson"),
                "wears \"crimson\"",
            ),
            (ANSI.replace("name =", "nom ="), "unknown field"),
        ];
        for (text, words) in cases {
            let error = Theme::parse(&text, "night.toml").unwrap_err().to_string();
            assert!(
                error.starts_with("theme night.toml: ") && error.contains(words),
                "{error}"
            );
            assert!(!error.contains('\n'));
        }
    }
}
