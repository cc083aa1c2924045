namespace RecallCluster.Serving.Devices;

/// <summary>
/// The device is gone for this process: a fault in CUDA poisons the process that it happened in, and every later call of it fails. Only a
/// new process can use the device again.
/// </summary>
/// <param name="message">What failed.</param>
/// <param name="inner">The failure itself.</param>
public sealed class DeviceLostException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What a process whose device is lost ends with, so that it is started again: EX_TEMPFAIL of sysexits.</summary>
    public const int ExitCode = 75;
}

/// <summary>The device has not the memory that is asked for. The process goes on.</summary>
/// <param name="message">What was to be put there and how large it is.</param>
/// <param name="inner">The failure itself; null where it was foreseen.</param>
public sealed class DeviceMemoryException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A part that scores on devices is not installed, or cannot run here.</summary>
/// <param name="message">What is missing.</param>
/// <param name="inner">The failure itself, if there was one.</param>
public sealed class DeviceUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
