//! The API's description, the page to try it on, and a page for each error. Everything comes out of this binary:
//! the page's policy forbids the browser to ask anyone else.

use crate::{ErrorCode, Problem};
use aide::{openapi::OpenApi, swagger::Swagger};
use axum::{
    Router,
    body::Bytes,
    response::{Html, IntoResponse, Redirect},
    routing::get,
};
use http::header;
use std::{collections::BTreeMap, sync::Arc};

/// `connect-src 'self'` is what makes trying requests possible; nothing outside is.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
     img-src 'self' data:; font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'";

pub(crate) fn router(doc: &OpenApi, codes: &[&'static ErrorCode]) -> Router {
    let json = Bytes::from(serde_json::to_vec(doc).expect("a generated description always serializes"));
    let page = Bytes::from(Swagger::new("/openapi.json").with_title(&doc.info.title).html());
    let codes: Arc<BTreeMap<_, _>> = Arc::new(codes.iter().map(|code| (code.code, *code)).collect());
    let index: String = codes
        .values()
        .map(|code| format!("{:<32}{}  {}\n", code.code, code.status, code.title))
        .collect();
    let index = Bytes::from(index);
    const TEXT: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Router::new()
        .route("/", get(async || Redirect::temporary("/docs")))
        .route(
            "/openapi.json",
            get(async move || ([(header::CONTENT_TYPE, "application/json")], json)),
        )
        .route(
            "/docs",
            get(async move || ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page))),
        )
        .route("/docs/errors", get(async move || (TEXT, index)))
        .route(
            "/docs/errors/{code}",
            get(
                async move |axum::extract::Path(code): axum::extract::Path<String>| match codes
                    .get(code.as_str())
                {
                    Some(code) => (TEXT, code.page()).into_response(),
                    None => Problem::not_found("error code of this name").into_response(),
                },
            ),
        )
}
