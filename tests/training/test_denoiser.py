"""Training goes on from an exported model, learns words apart, and keeps what it had."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import CLIPTokenizer

from training import __main__ as training
from training import captions, decoder, denoiser, export, history, meaning, network
from training.denoiser import Stage, Trainer
from training.latents import LatentSpace
from training.scenes import FRAMES, OPPOSITE, Spec

# transformers calls tokenizers by an old name.
pytestmark = pytest.mark.filterwarnings("ignore:Deprecated in 0.9.0:DeprecationWarning")

CLIPS = Stage("clips", frames=3, batch=2, samples=4, lr=1e-3, loud=0.5)


@pytest.fixture
def begun(model: Path, tmp_path: Path) -> Path:
    """A training folder that goes on from the exported model."""
    if not (model / history.FILE).exists():
        history.save([{"part": "denoiser", "stage": "before", "samples": 1, "seconds": 1}], model)
    training.prepare(tmp_path / "run", model)
    return tmp_path / "run"


def test_going_on_keeps_the_vae_and_the_history(begun: Path, model: Path) -> None:
    decoder.Trainer(begun, training.DECODER_STAGES, "cpu").run()
    Trainer(begun, (CLIPS,), "cpu").run()
    target = begun / "model"
    export.export(begun, target)
    before, after = (load_file(folder / "vae" / "diffusion_pytorch_model.safetensors") for folder in (model, target))
    assert all(torch.equal(before[name], after[name]) for name in before)
    stages = [(row["part"], row["stage"], row["samples"]) for row in history.load(target)]
    assert stages[-1] == ("denoiser", "clips", 4)
    assert stages[: len(history.load(model))] == [
        (row["part"], row["stage"], row["samples"]) for row in history.load(model)
    ]


def test_a_run_goes_on_from_its_own_checkpoint(begun: Path) -> None:
    first = Trainer(begun, (CLIPS,), "cpu")
    first.run()
    second = Trainer(begun, (CLIPS,), "cpu")
    assert second.stage == 1
    pairs = zip(first.unet.state_dict().values(), second.unet.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_old_words_keep_their_embeddings_when_new_ones_come(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(captions.SUBJECT_WORDS, "fish", ("fish", "aardvark"))
    old, new = CLIPTokenizer.from_pretrained(model / "tokenizer"), network.write_tokenizer(tmp_path)
    encoder = network.extended_text_encoder(model, new)
    words = encoder.get_input_embeddings().weight
    name = "text_model.embeddings.token_embedding.weight"
    before = load_file(model / "text_encoder" / "model.safetensors")[name]
    assert len(new) > len(old)
    for word in ("fish", "red", "left", "zebra"):
        here, there = (tokenizer(word).input_ids[1] for tokenizer in (new, old))
        assert torch.equal(words[here], before[there])


def test_texts_learn_to_say_which_way_and_stay_near_the_start(begun: Path) -> None:
    stage = Stage("words", frames=0, batch=32, samples=32 * 12, lr=5e-3)
    trainer = Trainer(begun, (stage,), "cpu")
    assert trainer.anchor is not None
    losses = [trainer._step(stage) for _ in range(12)]
    assert losses[-1] < losses[0]


def test_meanings_lie_at_right_angles() -> None:
    rows = torch.cat([*meaning.directions().values()])
    torch.testing.assert_close(rows @ rows.T, torch.eye(len(rows)), atol=1e-5, rtol=0)


def test_meaning_is_read_from_the_right_direction() -> None:
    towards = meaning.directions()
    says_left = (9 * towards["motion"][0]).expand(1, network.TEXT_LENGTH, -1)
    losses = [float(meaning.loss(says_left, [Spec("fish", "red", "snow", m, 0)], towards)) for m in ("left", "right")]
    assert losses[0] + 9 < losses[1]


def test_clips_come_in_pairs_that_only_the_text_tells_apart(begun: Path) -> None:
    trainer = Trainer(begun, (CLIPS,), "cpu")
    specs = trainer._specs(Stage("clips", frames=3, batch=16, samples=16, lr=0))
    for first, second in zip(specs[:8], specs[8:], strict=True):
        assert first.seed == second.seed
        assert OPPOSITE.get(first.motion, second.motion) == second.motion


def test_a_few_frames_are_early_and_late_ones(begun: Path) -> None:
    trainer = Trainer(begun, (CLIPS,), "cpu")
    for _ in range(50):
        count, frames = trainer._frames(CLIPS)
        assert count == FRAMES
        assert len(set(frames)) == 3
        assert frames == sorted(frames)
        assert frames[0] < FRAMES // 4
        assert frames[-1] >= FRAMES * 3 // 4


def test_whole_clips_have_all_their_frames(begun: Path) -> None:
    trainer, whole = Trainer(begun, (CLIPS,), "cpu"), Stage("clips", frames=FRAMES, batch=2, samples=2, lr=0)
    lengths = set()
    for _ in range(80):
        count, frames = trainer._frames(whole)
        assert frames == list(range(count))
        lengths.add(count)
    assert lengths == {1, 8, 16, 24}


def test_loud_clips_are_lost_in_noise(begun: Path) -> None:
    trainer = Trainer(begun, (CLIPS,), "cpu")
    times = trainer._times(2000, 0.5, 0.6)
    assert 0.3 < float((times == 999).float().mean()) < 0.45
    assert 0.5 < float((times >= denoiser.LOUD).float().mean()) < 0.7
    assert int(times.min()) >= 0


def test_the_latent_space_of_an_exported_model_is_the_one_it_was_made_with(model: Path) -> None:
    space, again = LatentSpace.fit(clips=20), LatentSpace.of_preview(model / "preview.safetensors")
    torch.testing.assert_close(again.encode_matrix, space.encode_matrix, atol=1e-5, rtol=1e-4)


def test_a_batch_without_texts_says_nothing() -> None:
    assert float(meaning.loss(torch.zeros(0, network.TEXT_LENGTH, network.TEXT_WIDTH), [], meaning.directions())) == 0
