//! Enumerations whose values have names in the API, in one table each.
//!
//! Source: Dunlin's own rule.

/// Gives an enumeration its names: `names! { TaskKind { "call" => Call, "letter" => Letter } }`. A value without a
/// name does not compile.
macro_rules! names {
    ($type:ident { $($name:literal => $variant:ident),+ $(,)? }) => {
        impl $type {
            /// Every value with its name in the API.
            pub const NAMES: &'static [(&'static str, $type)] = &[$(($name, $type::$variant)),+];

            /// The name in the API.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($type::$variant => $name,)+
                }
            }

            /// The value of a name.
            pub fn parse(name: &str) -> Option<$type> {
                match name {
                    $($name => Some($type::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use names;
