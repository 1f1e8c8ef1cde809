"""The contract of Gymnasium 1.x vector environments, kept by the adapter in
``finqa_gym.integrations.gymnasium``.

There is no checker for vector environments in Gymnasium; these assertions follow what its own tests
ask of ``SyncVectorEnv`` and what ``make_vec`` and the vector wrappers rely on.
"""

from __future__ import annotations

import copy
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

np = pytest.importorskip("numpy")
gymnasium = pytest.importorskip("gymnasium")
package = pytest.importorskip(
    "finqa_gym.tools", reason="finqa_gym is not built", exc_type=ImportError
)
adapter = pytest.importorskip("finqa_gym.integrations.gymnasium", exc_type=ImportError)

from gymnasium.utils.env_checker import check_env, data_equivalence  # noqa: E402
from gymnasium.vector import AutoresetMode  # noqa: E402
from gymnasium.vector.utils import batch_space, iterate  # noqa: E402
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics  # noqa: E402

MODES = list(AutoresetMode)
SEED = 20
# Many tool calls do not end an episode: these do, or do not, whatever the task is.
SUBMIT = '<tool_call>\n{"name": "submit_answer", "arguments": {"answer": "1"}}\n</tool_call>'
THINK = '<tool_call>\n{"name": "calculator", "arguments": {"expression": "1 + 1"}}\n</tool_call>'

MakeVec = Callable[..., Any]


@pytest.fixture
def make_env() -> Iterator[MakeVec]:
    """Builds vector environments on the default corpus and closes them."""
    made: list[Any] = []

    def build(num_envs: int = 3, **kwargs: Any) -> Any:
        kwargs.setdefault("max_turns", 4)
        env = adapter.FinQAVectorEnv(num_envs=num_envs, **kwargs)
        made.append(env)
        return env

    yield build
    for env in made:
        env.close()


def assert_step_types(env: Any, result: tuple[Any, ...]) -> None:
    """Types and shapes of what ``step`` returns."""
    obs, rewards, terminations, truncations, infos = result
    n = env.num_envs
    assert isinstance(obs, tuple)
    assert len(obs) == n
    assert obs in env.observation_space
    assert isinstance(rewards, np.ndarray)
    assert rewards.dtype == np.float64
    assert rewards.shape == (n,)
    for flags in (terminations, truncations):
        assert isinstance(flags, np.ndarray)
        assert flags.dtype == np.bool_
        assert flags.shape == (n,)
    assert isinstance(infos, dict)


def assert_info_masks(infos: dict[str, Any], num_envs: int) -> None:
    """Every key has its mask, every mask its key, and values have one row a slot; dicts recurse."""
    for key, value in infos.items():
        if key.startswith("_"):
            assert key[1:] in infos, f"mask {key!r} has no key"
            assert isinstance(value, np.ndarray)
            assert value.dtype == np.bool_
            assert value.shape == (num_envs,)
            continue
        assert f"_{key}" in infos, f"info {key!r} has no mask"
        if isinstance(value, dict):
            assert_info_masks(value, num_envs)
        else:
            assert isinstance(value, np.ndarray), f"info {key!r} is a {type(value).__name__}"
            assert value.shape[0] == num_envs
            if value.dtype == object:
                absent = value[~infos[f"_{key}"]]
                assert all(item is None for item in absent), (
                    f"info {key!r} has values outside its mask"
                )


# --- attributes and spaces ------------------------------------------------------------------------


def test_single_env_passes_gymnasiums_checker() -> None:
    """``check_env``: seeding, options, determinism, no reuse of returned data."""
    env = adapter.FinQAEnv()
    with warnings.catch_warnings():
        # No render modes, and no spec for an environment that was not made by `make`: both are
        # fine.
        warnings.simplefilter("ignore", UserWarning)
        check_env(env, skip_render_check=True)
    env.close()


def test_made_env_passes_gymnasiums_checker() -> None:
    """With a spec, ``check_env`` also compares observations of equal seeds."""
    env = gymnasium.make("FinQA-v0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        check_env(env.unwrapped, skip_render_check=True)
    env.close()


def test_is_a_vector_env_with_batched_spaces(make_env: MakeVec) -> None:
    """Attributes that wrappers and trainers read."""
    env = make_env(num_envs=3)
    assert isinstance(env, gymnasium.vector.VectorEnv)
    assert env.num_envs == 3
    assert env.unwrapped is env
    assert env.observation_space == batch_space(env.single_observation_space, 3)
    assert env.action_space == batch_space(env.single_action_space, 3)
    assert env.observation_space != env.single_observation_space
    assert not env.closed


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_autoreset_metadata_is_an_enum_member(make_env: MakeVec, mode: AutoresetMode) -> None:
    """Both the member and its value are taken; the metadata holds the member."""
    for given in (mode, mode.value):
        env = make_env(autoreset_mode=given)
        assert env.metadata["autoreset_mode"] is mode


def test_autoreset_default_is_next_step(make_env: MakeVec) -> None:
    """The default of Gymnasium's own vector environments."""
    assert make_env().metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP


def test_metadata_is_not_shared_between_instances(make_env: MakeVec) -> None:
    """Two environments of different modes must not change each other."""
    first = make_env(autoreset_mode=AutoresetMode.DISABLED)
    second = make_env(autoreset_mode=AutoresetMode.SAME_STEP)
    assert first.metadata["autoreset_mode"] is AutoresetMode.DISABLED
    assert second.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP


def test_unknown_autoreset_mode_is_refused() -> None:
    """The text names what was given."""
    with pytest.raises(ValueError, match="Sometimes"):
        adapter.FinQAVectorEnv(num_envs=2, autoreset_mode="Sometimes")


def test_spaces_take_any_text(make_env: MakeVec) -> None:
    """Observations hold currency signs, dashes and newlines, which a default Text space refuses."""
    space = make_env().single_observation_space
    for text in ("", "a b", "line\nline", "€ — ¥ \u00a0 ünï 財務"):
        assert text in space
    assert 5 not in space


def test_sampled_actions_are_valid_tool_calls(make_env: MakeVec) -> None:
    """``action_space.sample()`` yields calls that parse: generic benchmark code runs tools."""
    env = make_env(num_envs=4)
    env.action_space.seed(SEED)
    names = set()
    for _ in range(10):
        actions = env.action_space.sample()
        assert actions in env.action_space
        for action in iterate(env.action_space, actions):
            assert action in env.single_action_space
            attempts = package.parse_action(action).attempts
            assert [a.status for a in attempts] == ["ok"], action
            names.add(attempts[0].name)
    assert len(names) > 1, "sampled actions always call the same tool"


def test_sampling_is_seeded(make_env: MakeVec) -> None:
    """The same seed samples the same actions."""
    env = make_env()
    env.action_space.seed(SEED)
    first = [env.action_space.sample() for _ in range(3)]
    env.action_space.seed(SEED)
    assert first == [env.action_space.sample() for _ in range(3)]


# --- reset and seeding ----------------------------------------------------------------------------


def test_reset_returns_batched_observations_and_masked_infos(make_env: MakeVec) -> None:
    """A tuple of texts and a dict of arrays."""
    env = make_env()
    obs, infos = env.reset(seed=SEED)
    assert isinstance(obs, tuple)
    assert obs in env.observation_space
    assert all(text for text in obs)
    assert_info_masks(infos, env.num_envs)


def test_int_seed_gives_env_i_seed_plus_i(make_env: MakeVec) -> None:
    """An int spreads, a list is taken as it is."""
    env = make_env(num_envs=4)
    spread, _ = env.reset(seed=SEED)
    listed, _ = env.reset(seed=[SEED, SEED + 1, SEED + 2, SEED + 3])
    assert spread == listed
    shifted, _ = env.reset(seed=SEED + 1)
    assert shifted[:3] == spread[1:]


def test_vector_slot_equals_single_env(make_env: MakeVec) -> None:
    """Slot i of the batch starts as a single environment with that seed does."""
    obs, _ = make_env(num_envs=3).reset(seed=SEED)
    single = adapter.FinQAEnv()
    alone = [single.reset(seed=SEED + i)[0] for i in range(3)]
    single.close()
    assert list(obs) == alone


@pytest.mark.parametrize("length", [2, 4])
def test_seed_list_of_another_length_is_refused(make_env: MakeVec, length: int) -> None:
    """The text of Gymnasium's own check."""
    env = make_env(num_envs=3)
    text = (
        f"If seeds are passed as a list the length must match num_envs=3 but got length={length}."
    )
    with pytest.raises(ValueError, match=re.escape(text)):
        env.reset(seed=list(range(length)))


def test_reset_without_seed_does_not_reseed(make_env: MakeVec) -> None:
    """The sequence of tasks goes on, and the same seed repeats the whole sequence."""
    env = make_env(num_envs=4)
    first = [env.reset(seed=SEED)[0], *(env.reset()[0] for _ in range(4))]
    again = [env.reset(seed=SEED)[0], *(env.reset()[0] for _ in range(4))]
    assert first == again
    assert len(set(first)) > 1, "reset() without a seed starts from the seed again"


def test_seed_none_in_a_list_leaves_that_slot_alone(make_env: MakeVec) -> None:
    """``[s, None, s]`` reseeds the outer slots only."""
    env = make_env(num_envs=3)
    env.reset(seed=SEED)
    second, _ = env.reset()
    env.reset(seed=SEED)
    mixed, _ = env.reset(seed=[SEED, None, SEED + 2])
    assert mixed[1] == second[1]


def test_whole_rollouts_repeat(make_env: MakeVec) -> None:
    """Equal seeds and actions give equal rollouts in two environments."""
    rollouts = []
    for _ in range(2):
        env = make_env(num_envs=3)
        env.action_space.seed(SEED)
        rollout = [env.reset(seed=SEED)]
        rollout.extend(env.step(env.action_space.sample()) for _ in range(8))
        rollouts.append(rollout)
    for left, right in zip(*rollouts, strict=True):
        assert data_equivalence(left, right, exact=True)


# --- step -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_step_types_and_masks(make_env: MakeVec, mode: AutoresetMode) -> None:
    """Over many episodes, with the actions a generic benchmark would send."""
    env = make_env(autoreset_mode=mode)
    env.reset(seed=SEED)
    env.action_space.seed(SEED)
    done = 0
    for _ in range(20):
        result = env.step(env.action_space.sample())
        assert_step_types(env, result)
        assert_info_masks(result[4], env.num_envs)
        done += int(np.logical_or(result[2], result[3]).sum())
    assert done > 0, "no episode ended; the test saw no reset"


@pytest.mark.parametrize("kind", [tuple, list, lambda a: np.array(a, dtype=object)])
def test_actions_may_be_tuple_list_or_object_array(make_env: MakeVec, kind: Any) -> None:
    """All three are in a batched text space."""
    env = make_env()
    env.reset(seed=SEED)
    assert_step_types(env, env.step(kind([THINK] * 3)))


@pytest.mark.parametrize("count", [0, 2, 4])
def test_wrong_number_of_actions_is_refused(make_env: MakeVec, count: int) -> None:
    """Both counts are named, and nothing was stepped."""
    env = make_env(num_envs=3)
    env.reset(seed=SEED)
    with pytest.raises(ValueError, match=rf"(?s)3.*{count}|{count}.*3"):
        env.step([THINK] * count)
    assert_step_types(env, env.step([THINK] * 3))


def test_step_before_reset_is_refused(make_env: MakeVec) -> None:
    """An exception, not an observation: it is the caller's mistake."""
    with pytest.raises(Exception, match="reset"):
        make_env().step([THINK] * 3)


def test_returned_data_is_not_reused(make_env: MakeVec) -> None:
    """Callers keep what they get: no array of one call shares memory with one of another call."""
    env = make_env()
    env.reset(seed=SEED)
    kept: list[dict[str, Any]] = []
    for turn in range(5):
        _, rewards, terminations, truncations, infos = env.step(
            [SUBMIT if turn == 2 else THINK] * 3
        )
        arrays = {"rewards": rewards, "terminations": terminations, "truncations": truncations}
        arrays.update({k: v for k, v in infos.items() if isinstance(v, np.ndarray)})
        kept.append(arrays)
    frozen = copy.deepcopy(kept)
    env.step([THINK] * 3)
    for early, late in ((i, j) for i in range(5) for j in range(i + 1, 5)):
        for name, array in kept[early].items():
            for other in kept[late].values():
                assert array is not other
                assert not np.shares_memory(array, other), name
    assert data_equivalence(kept, frozen, exact=True)


def test_arrays_are_writable(make_env: MakeVec) -> None:
    """Trainers normalise rewards in place."""
    env = make_env()
    env.reset(seed=SEED)
    _, rewards, terminations, truncations, _ = env.step([THINK] * 3)
    for array in (rewards, terminations, truncations):
        assert array.flags.writeable


def test_turn_limit_truncates(make_env: MakeVec) -> None:
    """The turn limit ends an episode as truncated, not as terminated."""
    env = make_env(max_turns=2)
    env.reset(seed=SEED)
    env.step([THINK] * 3)
    _, _, terminations, truncations, _ = env.step([THINK] * 3)
    assert not terminations.any()
    assert truncations.all()


# --- the three autoreset modes --------------------------------------------------------------------


def test_next_step_autoreset(make_env: MakeVec) -> None:
    """The step after the end ignores its action, has reward 0 and returns the new episode's first
    observation.
    """
    env = make_env(num_envs=3, autoreset_mode=AutoresetMode.NEXT_STEP)
    env.reset(seed=SEED)
    obs, _, terminations, truncations, _ = env.step([SUBMIT, THINK, THINK])
    np.testing.assert_array_equal(terminations, [True, False, False])
    assert not truncations.any()
    last = obs[0]

    # The action in slot 0 would end an episode; it must not be run.
    obs, rewards, terminations, truncations, infos = env.step([SUBMIT, THINK, SUBMIT])
    np.testing.assert_array_equal(terminations, [False, False, True])
    assert not truncations.any()
    assert rewards[0] == 0.0
    assert obs[0] != last
    assert "final_obs" not in infos
    assert "final_info" not in infos

    # Slot 0 is a full episode from here on: its turns start at zero.
    _, _, terminations, truncations, _ = env.step([THINK, THINK, THINK])
    assert not terminations.any()
    assert not truncations[0]


def test_next_step_continues_the_seeded_sequence(make_env: MakeVec) -> None:
    """The observation after an autoreset is the one that a second reset of that slot gives."""
    by_hand = make_env(num_envs=3)
    by_hand.reset(seed=SEED)
    expected, _ = by_hand.reset()
    env = make_env(num_envs=3, autoreset_mode=AutoresetMode.NEXT_STEP)
    env.reset(seed=SEED)
    env.step([SUBMIT] * 3)
    obs, _, _, _, _ = env.step([THINK] * 3)
    assert obs == expected


def test_next_step_counts_a_full_episode_after_reset(make_env: MakeVec) -> None:
    """The ignored step does not use up a turn."""
    env = make_env(num_envs=1, max_turns=2, autoreset_mode=AutoresetMode.NEXT_STEP)
    env.reset(seed=SEED)
    flags = [bool(env.step([THINK])[3][0]) for _ in range(6)]
    assert flags == [False, True, False, False, True, False]


def test_same_step_autoreset(make_env: MakeVec) -> None:
    """``final_obs`` and ``final_info`` with masks; the observation is already the new episode's."""
    env = make_env(num_envs=3, autoreset_mode=AutoresetMode.SAME_STEP)
    first, _ = env.reset(seed=SEED)
    by_hand = make_env(num_envs=3)
    by_hand.reset(seed=SEED)
    second, _ = by_hand.reset()

    obs, _, terminations, _, infos = env.step([THINK] * 3)
    assert not terminations.any()
    assert "final_obs" not in infos
    assert "final_info" not in infos

    obs, _, terminations, truncations, infos = env.step([SUBMIT, THINK, THINK])
    np.testing.assert_array_equal(terminations, [True, False, False])
    assert not truncations.any()
    assert obs[0] == second[0]
    assert obs[0] != first[0]
    assert infos["final_obs"].dtype == object
    assert infos["final_obs"].shape == (3,)
    assert infos["final_obs"][0] in env.single_observation_space
    assert infos["final_obs"][1] is None
    assert infos["final_obs"][2] is None
    assert isinstance(infos["final_info"], dict)
    np.testing.assert_array_equal(infos["_final_obs"], [True, False, False])
    np.testing.assert_array_equal(infos["_final_info"], [True, False, False])
    assert_info_masks(infos, 3)

    _, _, terminations, _, infos = env.step([THINK, SUBMIT, SUBMIT])
    np.testing.assert_array_equal(terminations, [False, True, True])
    np.testing.assert_array_equal(infos["_final_obs"], [False, True, True])
    assert infos["final_obs"][0] is None


def test_disabled_autoreset_with_reset_mask(make_env: MakeVec) -> None:
    """Masked slots start anew; the others keep observation and state."""
    env = make_env(num_envs=3, autoreset_mode=AutoresetMode.DISABLED)
    env.reset(seed=SEED)
    obs, _, terminations, truncations, _ = env.step([SUBMIT, THINK, THINK])
    np.testing.assert_array_equal(terminations, [True, False, False])
    assert not truncations.any()

    after, infos = env.reset(options={"reset_mask": terminations})
    assert after[0] != obs[0]
    assert after[1:] == obs[1:]
    assert_info_masks(infos, 3)
    for key, value in infos.items():
        if key.startswith("_"):
            assert not value[1:].any(), f"{key!r} speaks of slots that were not reset"

    _, _, terminations, _, _ = env.step([THINK, SUBMIT, SUBMIT])
    np.testing.assert_array_equal(terminations, [False, True, True])
    env.reset(options={"reset_mask": terminations})
    _, _, terminations, truncations, _ = env.step([THINK] * 3)
    assert not terminations.any()


def test_masked_reset_keeps_turns_and_random_state_of_the_others(make_env: MakeVec) -> None:
    """Slot 1 reaches its turn limit when it would have without the masked reset, and draws the same
    next task.
    """
    env = make_env(num_envs=2, max_turns=3, autoreset_mode=AutoresetMode.DISABLED)
    env.reset(seed=SEED)
    env.step([SUBMIT, THINK])
    env.reset(options={"reset_mask": np.array([True, False])})
    env.step([THINK, THINK])
    _, _, _, truncations, _ = env.step([THINK, THINK])
    np.testing.assert_array_equal(truncations, [False, True])
    mine, _ = env.reset(options={"reset_mask": truncations})

    other = make_env(num_envs=2, max_turns=3, autoreset_mode=AutoresetMode.DISABLED)
    other.reset(seed=SEED)
    theirs, _ = other.reset()
    assert mine[1] == theirs[1]


def test_disabled_refuses_to_step_a_done_slot(make_env: MakeVec) -> None:
    """Silently stepping a finished episode would corrupt a rollout."""
    env = make_env(num_envs=2, autoreset_mode=AutoresetMode.DISABLED)
    env.reset(seed=SEED)
    env.step([SUBMIT, THINK])
    with pytest.raises(Exception, match=r"(?i)reset|autoreset"):
        env.step([THINK, THINK])


@pytest.mark.parametrize(
    ("mask", "error", "text"),
    [
        (
            [True, False, False],
            TypeError,
            "`options['reset_mask']` must be a numpy array, got <class 'list'>",
        ),
        (
            np.array([True, False]),
            ValueError,
            "`options['reset_mask']` must have shape `(3,)`, got (2,)",
        ),
        (
            np.array([[True, False, False]]),
            ValueError,
            "`options['reset_mask']` must have shape `(3,)`, got (1, 3)",
        ),
        (
            np.array([1, 0, 0], dtype=np.int64),
            TypeError,
            "`options['reset_mask']` must have `dtype=np.bool_`, got int64",
        ),
        (
            np.array([False, False, False]),
            ValueError,
            "`options['reset_mask']` must contain a boolean array with at least one True value, "
            "got reset_mask=[False False False]",
        ),
    ],
    ids=["list", "short", "two_dimensions", "int", "all_false"],
)
def test_bad_reset_masks_are_refused(
    make_env: MakeVec, mask: Any, error: type[Exception], text: str
) -> None:
    """With the texts that Gymnasium's vector environments give."""
    env = make_env(num_envs=3, autoreset_mode=AutoresetMode.DISABLED)
    env.reset(seed=SEED)
    with pytest.raises(error, match=re.escape(text)):
        env.reset(options={"reset_mask": mask})


def test_options_are_not_mutated(make_env: MakeVec) -> None:
    """Taking ``reset_mask`` out of the caller's dict makes outer wrappers wipe all their
    statistics.
    """
    env = make_env(num_envs=2, autoreset_mode=AutoresetMode.DISABLED)
    env.reset(seed=SEED)
    mask = np.array([True, False])
    options = {"reset_mask": mask}
    env.reset(options=options)
    assert options == {"reset_mask": mask}
    assert options["reset_mask"] is mask
    np.testing.assert_array_equal(mask, [True, False])


# --- wrappers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_record_episode_statistics(make_env: MakeVec, mode: AutoresetMode) -> None:
    """Lengths and returns of episodes come out right in both automatic modes."""
    env = RecordEpisodeStatistics(make_env(num_envs=2, max_turns=3, autoreset_mode=mode))
    env.reset(seed=SEED)
    env.step((THINK, THINK))
    _, rewards, _, _, infos = env.step((SUBMIT, THINK))
    np.testing.assert_array_equal(infos["_episode"], [True, False])
    np.testing.assert_array_equal(infos["episode"]["l"], [2, 0])
    assert infos["episode"]["r"][0] == rewards[0]
    _, _, _, truncations, infos = env.step((THINK, THINK))
    np.testing.assert_array_equal(truncations, [False, True])
    assert infos["episode"]["l"][1] == 3


def test_record_episode_statistics_survives_masked_reset(make_env: MakeVec) -> None:
    """A masked reset restarts the statistics of its slots only."""
    inner = make_env(num_envs=2, max_turns=4, autoreset_mode=AutoresetMode.DISABLED)
    env = RecordEpisodeStatistics(inner)
    env.reset(seed=SEED)
    _, _, terminations, _, _ = env.step((SUBMIT, THINK))
    env.reset(options={"reset_mask": terminations})
    _, _, _, _, infos = env.step((THINK, SUBMIT))
    np.testing.assert_array_equal(infos["_episode"], [False, True])
    assert infos["episode"]["l"][1] == 2


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_dict_info_to_list_undoes_the_batching(make_env: MakeVec, mode: AutoresetMode) -> None:
    """One dict a slot, holding the keys of that slot's mask."""
    env = DictInfoToList(make_env(num_envs=3, autoreset_mode=mode))
    _, infos = env.reset(seed=SEED)
    assert len(infos) == 3
    result = env.step((SUBMIT, THINK, THINK))
    infos = result[4]
    assert len(infos) == 3
    assert all(not key.startswith("_") for info in infos for key in info)
    if mode is AutoresetMode.SAME_STEP:
        assert "final_obs" in infos[0]
        assert "final_obs" not in infos[1]


# --- registration and closing ---------------------------------------------------------------------


@pytest.mark.parametrize("env_id", ["FinQA-v0", "finqa_gym:FinQA-v0"])
def test_make(env_id: str) -> None:
    """Both id forms make the single environment."""
    env = gymnasium.make(env_id)
    assert isinstance(env.unwrapped, adapter.FinQAEnv)
    obs, info = env.reset(seed=SEED)
    assert obs in env.observation_space
    assert isinstance(info, dict)
    obs, reward, terminated, truncated, info = env.step(SUBMIT)
    assert isinstance(reward, float)
    assert terminated is True
    assert truncated is False
    env.close()


@pytest.mark.parametrize("env_id", ["FinQA-v0", "finqa_gym:FinQA-v0"])
def test_make_vec(env_id: str) -> None:
    """Both id forms make the native vector environment, without a warning, with every option a
    keyword.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gymnasium.make_vec(
            env_id, num_envs=3, autoreset_mode=AutoresetMode.SAME_STEP, max_turns=4
        )
    assert isinstance(env.unwrapped, adapter.FinQAVectorEnv)
    assert env.num_envs == 3
    assert env.spec is not None
    assert env.spec.id == "FinQA-v0"
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    obs, _ = env.reset(seed=SEED)
    assert obs in env.observation_space
    env.close()


@pytest.mark.parametrize("env_id", ["FinQA-v0", "finqa_gym:FinQA-v0"])
@pytest.mark.parametrize(
    "imports",
    [
        "import finqa_gym, gymnasium",
        "import gymnasium, finqa_gym",
        # Other libraries only look whether Gymnasium is there.
        "import finqa_gym, importlib.util; importlib.util.find_spec('gymnasium'); import gymnasium",
    ],
)
def test_the_id_is_there_whatever_is_imported_first(imports: str, env_id: str) -> None:
    """A process of its own: in this one, everything has been imported already."""
    code = (
        f"{imports}\n"
        f"gymnasium.make({env_id!r}).close()\n"
        f"gymnasium.make_vec({env_id!r}, num_envs=2).close()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_make_vec_sync_mode_agrees_with_the_native_one() -> None:
    """Gymnasium's own vectoriser over the single environment shows the same rollout."""
    native = gymnasium.make_vec("FinQA-v0", num_envs=2)
    synced = gymnasium.make_vec("FinQA-v0", num_envs=2, vectorization_mode="sync")
    assert native.reset(seed=SEED)[0] == synced.reset(seed=SEED)[0]
    for actions in [(THINK, THINK), (SUBMIT, THINK), (THINK, THINK), (THINK, SUBMIT)]:
        mine, theirs = native.step(actions), synced.step(actions)
        assert mine[0] == theirs[0]
        for left, right in zip(mine[1:4], theirs[1:4], strict=True):
            np.testing.assert_array_equal(left, right)
    native.close()
    synced.close()


def test_close_is_idempotent(make_env: MakeVec) -> None:
    """Closing twice is fine, stepping afterwards is not."""
    env = make_env()
    env.reset(seed=SEED)
    env.close()
    env.close()
    assert env.closed
    with pytest.raises(Exception, match=r"(?i)closed"):
        env.step([THINK] * 3)
