"""What each method of the contract does."""

from __future__ import annotations

import os
import platform
import threading

from ttvideo import __version__, families, projects
from ttvideo.backends import backends
from ttvideo.contract import (
    AnimateRequest,
    CompareRequest,
    Completions,
    Deployed,
    DeployParams,
    DeviceStatus,
    DownloadRequest,
    ExperimentRequest,
    GenerateRequest,
    Hello,
    HelloParams,
    Job,
    JobId,
    Jobs,
    ListParams,
    ModelChoice,
    Models,
    MoveParams,
    Nothing,
    Outputs,
    QueueState,
    RemoveParams,
    Reset,
    StitchRequest,
    Storyboard,
    StoryboardPlace,
    StoryboardRequest,
    StoryboardText,
    WatchParams,
)
from ttvideo.jobs import comparison, experiments, removal
from ttvideo.jobs.devices import device_status
from ttvideo.jobs.outputs import OutputWatch
from ttvideo.jobs.queue import Queue
from ttvideo.jobs.reset import Resetting
from ttvideo.jobs.storyboard import editor
from ttvideo.rpc.preflights import Preflights
from ttvideo.rpc.protocol import Handler
from ttvideo.tt import detect


def make_handlers(queue: Queue, outputs: OutputWatch, preflights: Preflights) -> dict[str, Handler]:
    """One handler for each entry of METHODS. All are quick: a job is never a pending request."""

    def hello(_: HelloParams) -> Hello:
        return Hello(
            version=__version__,
            python=platform.python_version(),
            pid=os.getpid(),
            database=str(queue.store.file),
            backends=backends(),
            queue=queue.state(),
        )

    def models(_: Nothing) -> Models:
        return families.describe()

    def submit(request: GenerateRequest) -> Job:
        return queue.submit(request)

    def storyboard(request: StoryboardRequest) -> Job:
        return queue.submit(request)

    def stitch(request: StitchRequest) -> Job:
        return queue.submit(request)

    def animate(request: AnimateRequest) -> Job:
        return queue.submit(request)

    def compare(request: CompareRequest) -> Job:
        return queue.submit(comparison.checked(queue, request))

    def experiment(request: ExperimentRequest) -> Jobs:
        return Jobs(jobs=tuple(experiments.submit(queue, request)), queue=queue.state())

    def download(request: DownloadRequest) -> Job:
        return queue.submit(request)

    def remove_model(choice: ModelChoice) -> Models:
        removal.remove(queue, choice)
        return families.describe()

    def cancel(job: JobId) -> Job:
        return queue.cancel(job.id)

    def resume(job: JobId) -> Job:
        return queue.resume(job.id)

    def list_jobs(params: ListParams) -> Jobs:
        return Jobs(jobs=tuple(queue.list(params.limit)), queue=queue.state())

    def get(job: JobId) -> Job:
        return queue.get(job.id)

    def remove(params: RemoveParams) -> Nothing:
        queue.remove(params.id, params.delete_files)
        return Nothing()

    def move(params: MoveParams) -> Job:
        return queue.move(params.id, params.before)

    def pause(_: Nothing) -> QueueState:
        return queue.pause()

    def unpause(_: Nothing) -> QueueState:
        return queue.unpause()

    def devices(_: Nothing) -> DeviceStatus:
        return device_status(queue.store.folder, detect.look(holders=True))

    def reset(_: Nothing) -> Reset:
        resetting = Resetting(queue)
        begun = resetting.begin()
        threading.Thread(target=resetting.run, name="reset", daemon=True).start()
        return begun

    def watch(params: WatchParams) -> Outputs:
        return Outputs(outputs=outputs.watch(params.folders))

    def check(text: StoryboardText) -> Storyboard:
        return editor.check(text)

    def complete(place: StoryboardPlace) -> Completions:
        return editor.complete(place)

    def deploy(params: DeployParams) -> Deployed:
        return projects.deploy(params.folder)

    return {
        "worker/hello": hello,
        "models/list": models,
        "jobs/submit": submit,
        "jobs/storyboard": storyboard,
        "jobs/stitch": stitch,
        "jobs/animate": animate,
        "jobs/compare": compare,
        "jobs/experiment": experiment,
        "models/download": download,
        "models/remove": remove_model,
        "jobs/cancel": cancel,
        "jobs/resume": resume,
        "jobs/list": list_jobs,
        "jobs/get": get,
        "jobs/remove": remove,
        "jobs/move": move,
        "queue/pause": pause,
        "queue/resume": unpause,
        "device/status": devices,
        "device/reset": reset,
        "device/preflight": preflights.begin,
        "outputs/watch": watch,
        "storyboard/check": check,
        "storyboard/complete": complete,
        "package/deploy": deploy,
    }
