using System.Text.Json;
using System.Text.Json.Serialization;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Users;

/// <summary>Something that a partition of users is told, as the journal keeps it.</summary>
/// <param name="UserId">The user.</param>
[JsonDerivedType(typeof(ConsentCommand), "consent")]
[JsonDerivedType(typeof(EraseCommand), "erase")]
internal abstract record UserCommand(string UserId)
{
    private const int LongestId = 512;

    /// <summary>The command as a log keeps it.</summary>
    /// <exception cref="InvalidRequestException">The user's id is empty or too long.</exception>
    public byte[] Write() => !string.IsNullOrEmpty(UserId) && UserId.Length <= LongestId
        ? JsonSerializer.SerializeToUtf8Bytes(this, ServingJson.Default.UserCommand)
        : throw new InvalidRequestException("user.id", $"has 1 to {LongestId} characters");
}

/// <summary>The user says whether the data may be used.</summary>
internal sealed record ConsentCommand(string UserId, bool MayPersonalise) : UserCommand(UserId);

/// <summary>The user is to be forgotten.</summary>
internal sealed record EraseCommand(string UserId) : UserCommand(UserId);
