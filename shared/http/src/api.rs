//! Puts the APIs of one or several services together.

use crate::{
    CODES, EdgeOptions, ErrorCode, Problem, Readiness, codes, docs,
    edge::{self, Edge},
    operations::{self as probes, Operations},
};
use aide::{
    axum::ApiRouter,
    openapi::{Info, OpenApi, Operation, PathItem, ReferenceOr, SecurityScheme},
};
use axum::{Router, extract::DefaultBodyLimit, middleware};
use interstate_telemetry::{Metrics, ServiceMetrics};
use std::sync::Arc;

/// The name of the security scheme that the description declares.
pub const BEARER: &str = "bearer";

/// One service as its edge sees it.
#[derive(Clone)]
pub struct Api {
    name: String,
    router: Router,
    doc: OpenApi,
    readiness: Readiness,
    codes: Vec<&'static ErrorCode>,
    metrics: ServiceMetrics,
}

impl Api {
    /// Takes a service's routes. Call it on the thread that built `router`, right after: aide keeps the schemas of
    /// routes in a thread-local until then.
    pub fn new(
        router: ApiRouter,
        readiness: Readiness,
        codes: &'static [&'static ErrorCode],
        metrics: ServiceMetrics,
    ) -> Self {
        let mut doc = OpenApi::default();
        let router = router.finish_api(&mut doc);
        let name = metrics.name().to_owned();
        for item in doc.paths.iter_mut().flat_map(|paths| paths.paths.values_mut()) {
            if let ReferenceOr::Item(item) = item {
                operations(item).for_each(|operation| operation.tags.insert(0, name.clone()));
            }
        }
        Self {
            name,
            router,
            doc,
            readiness,
            codes: codes.to_vec(),
            metrics,
        }
    }

    /// Whether the service can do its work.
    pub fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// The service's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds the codes of what stands before its handlers, so that their pages are served.
    #[must_use]
    pub fn codes(mut self, codes: &[&'static ErrorCode]) -> Self {
        self.codes.extend(codes);
        self
    }

    /// Adds to its description: who may call what, an external page.
    #[must_use]
    pub fn describe(mut self, add: impl FnOnce(&mut OpenApi)) -> Self {
        add(&mut self.doc);
        self
    }

    /// Its routes as (method, path template), in the order of their declaration.
    pub fn routes(&self) -> Vec<(String, String)> {
        routes(&self.doc)
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ]
    .into_iter()
    .flatten()
}

/// The routes of a description as (method in capitals, path template).
pub fn routes(doc: &OpenApi) -> Vec<(String, String)> {
    let items = doc.paths.iter().flat_map(|paths| paths.iter());
    items
        .filter_map(|(path, item)| match item {
            ReferenceOr::Item(item) => Some((path, item)),
            ReferenceOr::Reference { .. } => None,
        })
        .flat_map(|(path, item)| {
            item.iter()
                .map(|(method, _)| (method.to_uppercase(), path.clone()))
        })
        .collect()
}

/// The OpenAPI 3.1 description of several APIs together. Panics where they have different schemas of one name: the
/// first start of a test finds that.
pub fn openapi(title: &str, apis: &[Api]) -> OpenApi {
    let mut doc = OpenApi {
        info: Info {
            title: title.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            description: Some(
                "Every POST takes an `Idempotency-Key`. An answer to a command carries a `Consistency-Token`; pass it \
                 with a query to read your own write. Errors are problems (RFC 9457) whose `code` has a page under \
                 `/docs/errors`. Money is in minor units; times are RFC 3339 in UTC."
                    .to_owned(),
            ),
            ..Info::default()
        },
        ..OpenApi::default()
    };
    let paths = doc.paths.get_or_insert_default();
    let components = doc.components.get_or_insert_default();
    let mut collisions = Vec::new();
    for api in apis {
        paths
            .paths
            .extend(api.doc.paths.iter().flat_map(|paths| paths.paths.clone()));
        let schemas = api
            .doc
            .components
            .iter()
            .flat_map(|components| &components.schemas);
        for (name, schema) in schemas {
            let known = components
                .schemas
                .entry(name.clone())
                .or_insert_with(|| schema.clone());
            if known.json_schema != schema.json_schema {
                collisions.push(format!("{name} of {}", api.name));
            }
        }
    }
    assert!(
        collisions.is_empty(),
        "these schemas have a name that another API has for another one: {}",
        collisions.join(", ")
    );
    let bearer = SecurityScheme::Http {
        scheme: BEARER.to_owned(),
        bearer_format: Some("JWT".to_owned()),
        description: Some("The access token that a login answers with.".to_owned()),
        extensions: Default::default(),
    };
    components
        .security_schemes
        .insert(BEARER.to_owned(), ReferenceOr::Item(bearer));
    doc
}

/// Everything that one port serves: the APIs behind the edge, their description, and the routes for those who run
/// it. One API on a service's own port, all of them on the platform's. Panics where two APIs have the same route:
/// the first start of a test finds that.
pub fn assemble(name: &str, apis: &[Api], options: &EdgeOptions, metrics: &Metrics) -> Router {
    let rest = Edge::new(name, options, metrics.service(name));
    let behind = |edge: &Edge, router: Router| {
        router.layer(middleware::from_fn_with_state(edge.clone(), edge::handle))
    };
    let mut all_codes = CODES.to_vec();
    let unmatched =
        Router::new().fallback(async || Problem::new(&codes::NOT_FOUND, "No route matches this path."));
    let mut all = behind(&rest, unmatched);
    for api in apis {
        let edge = rest.with_metrics(api.metrics.clone());
        all = all.merge(behind(
            &edge,
            api.router
                .clone()
                .layer(DefaultBodyLimit::max(options.body_bytes)),
        ));
        for code in &api.codes {
            if !all_codes.contains(code) {
                all_codes.push(code);
            }
        }
    }
    all.merge(docs::router(&openapi(name, apis), &all_codes))
        .merge(probes::router(Operations {
            name: name.to_owned(),
            services: apis
                .iter()
                .map(|api| (api.name.clone(), api.readiness.clone()))
                .collect(),
            metrics: metrics.clone(),
            render: render(apis, metrics),
        }))
}

/// One API shows its own figures, several show those of the process.
fn render(apis: &[Api], metrics: &Metrics) -> Arc<dyn Fn() -> String + Send + Sync> {
    match apis {
        [api] => {
            let own = api.metrics.clone();
            Arc::new(move || own.render())
        }
        _ => {
            let all = metrics.clone();
            Arc::new(move || all.render())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Json;
    use aide::axum::routing::get;
    use schemars::JsonSchema;
    use serde::Serialize;

    #[derive(Serialize, JsonSchema)]
    struct View {
        name: String,
    }

    mod other {
        #[derive(serde::Serialize, schemars::JsonSchema)]
        pub struct View {
            pub seats: u8,
        }
    }

    fn api<T: Serialize + JsonSchema + Send + 'static>(
        name: &'static str,
        path: &str,
        view: fn() -> T,
    ) -> Api {
        let router = ApiRouter::new().api_route(path, get(async move || Json(view())));
        Api::new(router, Readiness::new(), &[], Metrics::new().service(name))
    }

    fn named() -> View {
        View {
            name: "Asha".to_owned(),
        }
    }

    #[test]
    fn one_schema_may_be_in_several_apis() {
        let doc = openapi("both", &[api("a", "/v1/a", named), api("b", "/v1/b", named)]);
        assert!(doc.components.unwrap().schemas.contains_key("View"));
    }

    #[test]
    #[should_panic(expected = "another API has for another one: View of b")]
    fn two_schemas_of_one_name_are_a_mistake() {
        let seated = || other::View { seats: 4 };
        let _ = openapi("both", &[api("a", "/v1/a", named), api("b", "/v1/b", seated)]);
    }
}
