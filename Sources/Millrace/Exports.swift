// A user imports `Millrace` alone and has the words of the core, the engines, and handlers with it.
@_exported public import MillraceCore
@_exported public import MillraceSpeech
@_exported public import MillraceWorkers

@_exported public import class MillracePrometheus.MillraceMetricsFactory
@_exported public import struct MillracePrometheus.OutboxAccounting
@_exported public import enum MillracePrometheus.OutboxDropReason
@_exported public import struct MillracePrometheus.OutboxReport
@_exported public import struct MillracePrometheus.PrometheusEndpoint
@_exported public import struct MillracePrometheus.QuarantinedBatch
@_exported public import struct MillracePrometheus.RemoteWriteWarning
@_exported public import struct MillraceRedis.RedisConfiguration
@_exported public import struct MillraceRedis.RedisWarning
