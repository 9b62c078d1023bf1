//! Rows as the columns of their table: an array for each, for statements that store many at once.

/// Defines a struct of columns, and how each is read from a row: one line a column.
#[macro_export]
macro_rules! columns {
    (
        $(#[doc = $doc:literal])*
        pub struct $Name:ident of $Row:ident {
            $($(#[doc = $about:literal])* $column:ident: $Type:ty = $value:expr;)*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug)]
        pub struct $Name<'a> {
            $($(#[doc = $about])* pub $column: Vec<$Type>,)*
            rows: std::marker::PhantomData<&'a $Row>,
        }

        impl<'a> $Name<'a> {
            /// The columns of these rows.
            pub fn of(rows: &[&'a $Row]) -> Self {
                $(let $column: fn(&'a $Row) -> $Type = $value;)*
                Self {
                    $($column: rows.iter().copied().map($column).collect(),)*
                    rows: std::marker::PhantomData,
                }
            }
        }
    };
}
