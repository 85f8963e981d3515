//! Values that have names: on the command line, in documents and in configurations. Each type has one table, which says both ways.

/// Gives an enum `ALL` and `name` from a table of its variants, and with `parsed` before it also `EXPECTED` and `FromStr`.
#[doc(hidden)]
#[cfg_attr(feature = "internals", macro_export)]
macro_rules! named {
    (parsed $type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        $crate::named!($type { $($variant = $name),+ });

        impl $type {
            /// The accepted values, in words.
            pub const EXPECTED: &'static str = $crate::named!(@words $($name),+);
        }

        impl ::std::str::FromStr for $type {
            type Err = $crate::OutOfRangeError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let expected = Self::EXPECTED;
                Self::ALL.into_iter().find(|value| value.name() == text).ok_or($crate::OutOfRangeError { expected })
            }
        }
    };
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            /// Every value, in the order in which help and errors name them.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The name on the command line and in documents.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
    (@words $first:literal, $($rest:literal),+) => { $crate::named!(@words [$first] $($rest),+) };
    (@words [$($words:literal),+] $last:literal) => { concat!($($words),+, " or ", $last) };
    (@words [$($words:literal),+] $next:literal, $($rest:literal),+) => {
        $crate::named!(@words [$($words),+, ", ", $next] $($rest),+)
    };
}

#[cfg(not(feature = "internals"))]
pub(crate) use named;

#[cfg(test)]
mod tests {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Size {
        Small,
        Medium,
        Large,
    }

    named!(parsed Size { Small = "s", Medium = "m", Large = "l" });

    #[test]
    fn names_and_values_are_one_table() {
        assert_eq!(Size::EXPECTED, "s, m or l");
        assert_eq!(Size::ALL.map(Size::name), ["s", "m", "l"]);
        assert!(Size::ALL.into_iter().all(|size| size.name().parse() == Ok(size)));
        assert_eq!("S".parse::<Size>().unwrap_err().expected, Size::EXPECTED);
    }
}
