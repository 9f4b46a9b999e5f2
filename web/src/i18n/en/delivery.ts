export const delivery = {
  title: 'Delivery',
} as const;
