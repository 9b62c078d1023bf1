//! Which parameters of the URL an argument of a handler reads.

use actix_web::{HttpRequest, http::Method, web};

/// What a handler takes as an argument, and which parameters of the URL that reads.
pub trait Parameters {
    /// Adds the names of the parameters; of most arguments there are none.
    fn names(names: &mut Vec<&'static str>) {
        let _ = names;
    }
}

impl<T> Parameters for web::Data<T> {}
impl<T> Parameters for web::Path<T> {}
impl Parameters for Method {}
impl Parameters for HttpRequest {}

macro_rules! of_all {
    ($($argument:ident)*) => {
        impl<$($argument: Parameters),*> Parameters for ($($argument,)*) {
            fn names(names: &mut Vec<&'static str>) {
                let _ = &names;
                $($argument::names(names);)*
            }
        }
    };
}

of_all! {}
of_all! { A }
of_all! { A B }
of_all! { A B C }
of_all! { A B C D }
of_all! { A B C D E }
of_all! { A B C D E F }
