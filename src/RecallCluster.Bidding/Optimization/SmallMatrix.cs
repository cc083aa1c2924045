namespace RecallCluster.Bidding.Optimization;

/// <summary>Inverse of a matrix of the size of a campaign's constraints.</summary>
internal static class SmallMatrix
{
    /// <summary>Inverts a square matrix by Gauss and Jordan's elimination with partial pivoting.</summary>
    /// <param name="matrix">Row-major, n times n; destroyed.</param>
    /// <param name="inverse">Receives the inverse, row-major.</param>
    /// <param name="n">Number of rows.</param>
    /// <returns>False when the matrix is singular.</returns>
    public static bool TryInvert(Span<double> matrix, Span<double> inverse, int n)
    {
        inverse[..(n * n)].Clear();
        for (int i = 0; i < n; i++)
            inverse[(i * n) + i] = 1;
        for (int column = 0; column < n; column++)
        {
            int pivot = column;
            for (int row = column + 1; row < n; row++)
                if (Math.Abs(matrix[(row * n) + column]) > Math.Abs(matrix[(pivot * n) + column]))
                    pivot = row;
            double scale = matrix[(pivot * n) + column];
            if (!(Math.Abs(scale) > 1e-13))
                return false;
            for (int k = 0; k < n; k++)
            {
                (matrix[(pivot * n) + k], matrix[(column * n) + k]) = (matrix[(column * n) + k], matrix[(pivot * n) + k] / scale);
                (inverse[(pivot * n) + k], inverse[(column * n) + k]) = (inverse[(column * n) + k], inverse[(pivot * n) + k] / scale);
            }
            for (int row = 0; row < n; row++)
            {
                double factor = row == column ? 0 : matrix[(row * n) + column];
                if (factor == 0)
                    continue;
                for (int k = 0; k < n; k++)
                {
                    matrix[(row * n) + k] -= factor * matrix[(column * n) + k];
                    inverse[(row * n) + k] -= factor * inverse[(column * n) + k];
                }
            }
        }
        return true;
    }
}
