//! The way from an input to a plan.

use super::attributes::resolve_attributes;
use super::caches::{check_caches, check_shards, resolve_warm};
use super::components::resolve_components;
use super::conditional_writes::check_rows;
use super::context::Context;
use super::cycles::check_cycles;
use super::directory::Directory;
use super::expect::{Schedule, resolve_expectations};
use super::expect_scope::Names;
use super::faults::{World, resolve_faults};
use super::hangs::check_faults;
use super::health::resolve_health;
use super::loads::resolve_loads;
use super::messaging::resolve_messaging;
use super::model::Plan;
use super::names::resolve_names;
use super::operations::resolve_behaviour;
use super::places::{resolve_entities, resolve_links, resolve_places};
use super::replicas::{check_sessions, resolve_limits};
use super::replies::check_replies;
use super::security::{check_reachable, check_tokens, resolve_credentials};
use super::settings::{Settings, resolve_settings};
use super::slow_faults::check_slow_faults;
use crate::diag::Diag;
use crate::spec::Input;

/// Resolves what files say into a plan, with warnings.
///
/// # Errors
/// Everything that is wrong, warnings included, in the order of the files;
/// there is at least one error among it.
pub fn resolve(input: &Input) -> Result<(Plan, Vec<Diag>), Vec<Diag>> {
    let mut cx = Context::new(input);
    let plan = resolve_all(&mut cx);
    if cx.has_errors() {
        return Err(cx.into_diags());
    }
    // Only a sound plan can be asked who calls whom.
    check_faults(&mut cx, &plan);
    check_sessions(&mut cx, &plan);
    check_shards(&mut cx, &plan);
    check_tokens(&mut cx, &plan);
    check_rows(&mut cx, &plan);
    check_reachable(&mut cx, &plan);
    if cx.has_errors() {
        return Err(cx.into_diags());
    }
    check_slow_faults(&mut cx, &plan);
    Ok((plan, cx.into_diags()))
}

/// What expectations need to know of the run's times.
fn schedule_of(cx: &Context<'_>, settings: &Settings) -> Schedule {
    let has_faults = !cx.input.scenario.faults.is_empty();
    Schedule { duration: settings.duration, warm_up: settings.warm_up, has_faults }
}

/// A plan that means what the files say if no error was noted, and nothing otherwise.
fn resolve_all(cx: &mut Context<'_>) -> Plan {
    let input = cx.input;
    let settings = resolve_settings(cx);
    let mut directory = Directory::collect(cx);
    let attributes = resolve_attributes(cx, &directory);
    let credentials = resolve_credentials(cx);
    let entities = resolve_entities(cx);
    let links = resolve_links(cx, &directory);
    let limits = resolve_limits(cx);
    let dns_names = resolve_names(cx, &directory);
    let mut components = resolve_components(cx, &directory);
    let mut behaviour = resolve_behaviour(cx, &mut directory, &mut components, &links);
    resolve_health(cx, &mut directory, &mut components, &mut behaviour.policies);
    check_caches(cx, &components, &entities, &behaviour.cache_uses);
    let warm = resolve_warm(cx, &directory, &entities, &behaviour.cache_uses);
    check_cycles(cx, &components);
    let messaging = resolve_messaging(cx, &directory, &links);
    let workloads = resolve_loads(cx, &directory, settings.duration, &behaviour.clients);
    let world = World {
        directory: &directory,
        entities: &entities,
        components: &components,
        policies: &behaviour.policies,
        messaging: &messaging,
        workloads: &workloads,
        seed: settings.seed,
        duration: settings.duration,
    };
    let faults = resolve_faults(cx, &world);
    let names = Names {
        places: &directory.places,
        components: &components,
        clients: &behaviour.clients,
        workloads: &workloads,
        policies: &behaviour.policies,
        messaging: &messaging,
        dns: &dns_names,
    };
    let expectations = resolve_expectations(cx, &names, &schedule_of(cx, &settings));
    let plan = Plan {
        scenario: input.scenario.scenario.clone(),
        topology: input.topology.topology.clone(),
        environment: input.scenario.environment.clone(),
        inputs: input.files.iter().cloned().chain(cx.take_files()).collect(),
        seed: settings.seed,
        duration: settings.duration,
        warm_up: settings.warm_up,
        window: settings.window,
        events_max: settings.events_max,
        in_system_max: settings.in_system_max,
        service_level: settings.service_level,
        places: resolve_places(&directory),
        entities,
        names: dns_names,
        limits,
        attributes,
        credentials,
        links: links.list.clone(),
        components,
        warm,
        clients: behaviour.clients,
        policies: behaviour.policies,
        messaging,
        workloads,
        faults,
        expectations,
    };
    check_replies(cx, &plan, &links);
    plan
}
