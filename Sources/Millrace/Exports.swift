// A user imports `Millrace` alone and has the words of the core, the engines, and handlers with it.
@_exported public import MillraceCore
@_exported public import MillraceSpeech
@_exported public import MillraceWorkers

@_exported public import struct MillraceRedis.RedisConfiguration
@_exported public import struct MillraceRedis.RedisWarning
