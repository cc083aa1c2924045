namespace RecallCluster.Simulation;

/// <summary>One thing that a user of a <see cref="SyntheticWorld"/> likes.</summary>
/// <param name="Category">Category where it lies, from 0.</param>
/// <param name="Centre">The most wanted point of the latent space.</param>
/// <param name="LogWeight">
/// Logarithm of the interest's share among the user's interests over the size of its category in units of the mean category, so that
/// interests in large and in small categories get alike many clicks.
/// </param>
/// <param name="WantedPrice">The most wanted price, in bands from 0, not rounded.</param>
/// <param name="FavouredBrand">The brand that earns the bonus, from 0; -1 for none.</param>
public sealed record Interest(int Category, float[] Centre, float LogWeight, float WantedPrice, int FavouredBrand);

/// <summary>A user of a <see cref="SyntheticWorld"/>.</summary>
/// <param name="Codes">Profile codes, in the order of the user table's fields.</param>
/// <param name="Interests">The user's interests.</param>
public sealed record SyntheticUser(int[] Codes, Interest[] Interests);
