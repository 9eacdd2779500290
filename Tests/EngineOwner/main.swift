// Runs the command given by the arguments on a second of silence, as a worker would. Tests kill it.
internal import MillraceCore
internal import MillraceSpeech

let transcriber = try CommandTranscriber(words: Array(CommandLine.arguments.dropFirst()))
let silence = AudioChunk(samples: [Int16](repeating: 0, count: 16_000))
print(try await transcriber.transcribe(silence, recipe: Recipe(engine: transcriber.identity)))
