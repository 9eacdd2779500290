internal import MillraceCore
internal import Tracing

extension Span {
    /// Says which job is run.
    func describe(_ job: Job) {
        attributes["millrace.job.id"] = "\(job.id)"
        attributes["millrace.job.type"] = job.type.name
        attributes["millrace.queue"] = job.queueName.name
        attributes["millrace.retries"] = job.retryCount
    }

    /// Says which chunk is transcribed.
    func describe(_ chunk: ClaimedChunk) {
        attributes["millrace.processing.id"] = "\(chunk.task.processingID)"
        attributes["millrace.chunk.id"] = "\(chunk.task.id)"
        attributes["millrace.chunk.index"] = chunk.task.index
        attributes["millrace.engine"] = chunk.recipe.engine.kind
        attributes["millrace.retries"] = chunk.task.retryCount
    }

    /// Says what was enqueued.
    func describe(_ requests: [JobRequest], _ receipt: EnqueueReceipt) {
        attributes["millrace.jobs"] = requests.count
        attributes["millrace.jobs.skipped"] = receipt.skipped.count
        guard requests.count == 1, let request = requests.first, let id = receipt.ids.first else { return }
        attributes["millrace.job.id"] = "\(id)"
        attributes["millrace.job.type"] = request.type.name
        attributes["millrace.queue"] = request.queueName.name
    }
}
