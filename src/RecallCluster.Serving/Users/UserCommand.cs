using System.Text.Json.Serialization;

namespace RecallCluster.Serving.Users;

/// <summary>Something that a partition of users is told, as the journal keeps it.</summary>
/// <param name="UserId">The user.</param>
[JsonDerivedType(typeof(ConsentCommand), "consent")]
[JsonDerivedType(typeof(EraseCommand), "erase")]
internal abstract record UserCommand(string UserId);

/// <summary>The user says whether the data may be used.</summary>
internal sealed record ConsentCommand(string UserId, bool MayPersonalise) : UserCommand(UserId);

/// <summary>The user is to be forgotten.</summary>
internal sealed record EraseCommand(string UserId) : UserCommand(UserId);
