Rails.application.routes.draw do
  root 'carts#show'
  post 'sign-in', to: 'sessions#create'
  post 'sign-out', to: 'sessions#destroy'
  post 'cart', to: 'carts#update'
end
