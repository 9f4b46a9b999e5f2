//! Random histories: whatever happens, in whatever order, nothing is lost and nothing arrives twice.

use proptest::prelude::*;
use watchpost_simulation::{Plan, World};

fn run(seed: u64, steps: u64, plan: Plan) {
    let mut world = World::new(seed, plan);
    for _ in 0..steps {
        world.step();
    }
    world.settle();
    world.check();
}

/// A request under way arrived late, when the agent had let go of its first batch and was to declare exactly that range.
#[test]
fn a_hole_is_declared_while_its_batch_is_under_way() {
    run(
        7_022_558_046_909_655_411,
        168,
        Plan {
            small_spool: true,
            ..Plan::default()
        },
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn calm(seed: u64, steps in 0u64..400) {
        run(seed, steps, Plan { crashes: false, faults: false, calm: true, ..Plan::default() });
    }

    #[test]
    fn bad_network(seed: u64, steps in 0u64..600) {
        run(seed, steps, Plan { crashes: false, faults: false, ..Plan::default() });
    }

    #[test]
    fn crashes(seed: u64, steps in 0u64..800) {
        run(seed, steps, Plan { faults: false, ..Plan::default() });
    }

    #[test]
    fn crashes_and_faults(seed: u64, steps in 0u64..800) {
        run(seed, steps, Plan::default());
    }

    #[test]
    fn full_disks(seed: u64, steps in 0u64..800) {
        run(seed, steps, Plan { full: true, ..Plan::default() });
    }

    #[test]
    fn lost_agent_state(seed: u64, steps in 0u64..800) {
        run(seed, steps, Plan { lost_state: true, ..Plan::default() });
    }

    #[test]
    fn two_servers_on_one_shared_log(seed: u64, steps in 0u64..800) {
        run(seed, steps, Plan { shared_log: true, ..Plan::default() });
    }

    #[test]
    fn restored_server(seed: u64, steps in 0u64..800) {
        run(seed, steps, Plan { restored_server: true, ..Plan::default() });
    }

    #[test]
    fn files_vanish_at_the_front(seed: u64, steps in 0u64..800) {
        run(seed, steps, Plan { vanishing: true, ..Plan::default() });
    }

    #[test]
    fn small_spool(seed: u64, steps in 0u64..800) {
        run(seed, steps, Plan { small_spool: true, ..Plan::default() });
    }

    #[test]
    fn small_spool_and_restored_server(seed: u64, steps in 0u64..800) {
        run(seed, steps, Plan { small_spool: true, restored_server: true, ..Plan::default() });
    }

    #[test]
    fn encrypted_spool(seed: u64, steps in 0u64..800) {
        run(seed, steps, Plan { encrypted: true, full: true, ..Plan::default() });
    }

    #[test]
    fn clocks_that_jump_by_a_day(seed: u64, steps in 0u64..800) {
        run(seed, steps, Plan { clock_jumps: true, ..Plan::default() });
    }
}
